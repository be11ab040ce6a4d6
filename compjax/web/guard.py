"""Who may ask: requests from other sites are refused, and what the browser is told to refuse."""

from __future__ import annotations

import ipaddress
import socket
import urllib.parse
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""Sent with every answer: everything comes from this server, and nobody may frame or embed it."""


class Guard:
    """ASGI middleware: requests from other sites are refused, and the browser is told to keep to this one.

    A page of another site can make a visitor's browser send requests to `localhost`. Two checks stop it.
    The name in `Host` must be one of ours, or an address in numbers: a stranger's name that was made to
    point here (DNS rebinding) is neither. And what the browser says of where a request comes from
    (`Origin`, `Sec-Fetch-Site`) must be this page itself.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str] = ()):
        """Names in `allowed_hosts` are allowed besides localhost and this machine's own."""
        self._app = app
        self._names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        reason = self._refusal(Headers(scope=scope), scope["path"])
        app = JSONResponse({"error": reason, "code": "forbidden"}, 403) if reason else self._app
        await app(scope, receive, send_with_headers)

    def _refusal(self, headers: Headers, path: str) -> str | None:
        """Why a request is refused, if it is."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            return f"this server does not go by the name {host!r}; it can be allowed with --allowed_hosts"
        origin = headers.get("origin")
        if origin is not None and urllib.parse.urlsplit(origin).netloc.lower() != host.lower():
            return "requests from other sites are refused"
        # Following a link from elsewhere to the page itself is no harm.
        if path != "/" and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "requests from other sites are refused"
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urllib.parse.urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
