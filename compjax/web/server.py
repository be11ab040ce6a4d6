"""The application on a port."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from compjax.errors import UserError
from compjax.web.config import ServeConfig

CLOSING_SECONDS = 2
"""How long open connections may take when the server ends."""


def listen(config: ServeConfig) -> socket.socket:
    """A socket on the address asked for.

    Raises:
        UserError: if the port is in use or not ours, or there is no such address.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise UserError(f"there is no address {config.host}: {error.strerror}") from error
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(128)
    except OSError as error:
        opened.close()
        raise UserError(_why_not(error, config)) from error
    return opened


def _why_not(error: OSError, config: ServeConfig) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {config.port} is in use; choose another with --port, or --port=0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {config.port} is for the system's own use; choose one above 1023 with --port"
    return f"cannot listen on {config.host}, port {config.port}: {error.strerror}"


def address_of(opened: socket.socket) -> str:
    """The page's address, as a browser on this machine takes it."""
    host, port = opened.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/"


def network_address_of(opened: socket.socket) -> str | None:
    """The page's address for other machines; None if it listens to this one only."""
    host, port = opened.getsockname()[:2]
    if opened.family == socket.AF_INET6 or host.startswith("127."):
        return None
    return f"http://{_own_address() if host == '0.0.0.0' else host}:{port}/"


def _own_address() -> str:
    """This machine's address in its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # an address of no one (RFC 5737)
            return asking.getsockname()[0]
        except OSError:
            return socket.gethostname()


def serve(
    load: Callable[[], object], config: ServeConfig, announce: Callable[[str, str | None], None]
) -> None:
    """Serve the page until the process is told to end.

    Args:
        load: gives the session.
        config: address and limits.
        announce: told the page's addresses, here and in the network, once it can be opened.

    Raises:
        UserError: if the address cannot be had, or the extra `web` is not installed.
    """
    try:
        import uvicorn

        from compjax.web.app import make_app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "compjax":
            raise
        needed = f"the page needs {error.name}; install it with: pip install 'compjax[web]'"
        raise UserError(needed) from error
    opened = listen(config)
    with opened:
        settings = uvicorn.Config(
            make_app(load, config),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=CLOSING_SECONDS,
        )
        announce(address_of(opened), network_address_of(opened))
        uvicorn.Server(settings).run(sockets=[opened])
