"""The application: the page, the API, who may ask, and what runs beside them."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import pathlib
import socket
import urllib.parse
from collections.abc import Callable, Collection

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from compjax.errors import UserError
from compjax.web.api import Api, Refused, refuse, refuse_bad_data
from compjax.web.config import MEGABYTE, ServeConfig
from compjax.web.jobs import BROKEN, JobWorker
from compjax.web.shelf import Shelf

STATIC = pathlib.Path(__file__).parent / "static"

MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
"""Kinds of the page's files, by the ends of their names."""

PAGES = {
    "/" if path.name == "index.html" else f"/{path.name}": (path.name, MEDIA_TYPES[path.suffix])
    for path in sorted(STATIC.iterdir())
}
"""The page's files by address, as they lie there when the server starts; no other file is ever served."""

SWEEP_SECONDS = 30.0
"""How often what is too old is deleted."""

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


def make_app(load: Callable[[], object], config: ServeConfig = ServeConfig()) -> Starlette:
    """The ASGI application.

    Args:
        load: gives the session; called in a thread when the application starts.
        config: limits.
    """
    seconds, capacity = 60 * config.keep_minutes, round(config.max_memory_megabytes * MEGABYTE)
    shelves = (Shelf(seconds, capacity), Shelf(seconds, capacity))
    worker = JobWorker(load, config.max_jobs)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        worker.start()
        sweeping = asyncio.create_task(_sweep(shelves))
        yield
        sweeping.cancel()
        await asyncio.to_thread(worker.stop)
        for shelf in shelves:
            shelf.clear()

    routes = [*(_page(address, *page) for address, page in PAGES.items())]
    return Starlette(
        routes=[*routes, *Api(config, worker, *shelves).routes()],
        middleware=[Middleware(Guard, allowed_hosts=config.allowed_hosts)],
        exception_handlers={
            Refused: refuse,
            UserError: refuse_bad_data,
            ClientDisconnect: _nobody_there,
            HTTPException: _no_such_thing,
            Exception: _broken,
        },
        lifespan=lifespan,
    )


def _page(address: str, name: str, media_type: str) -> Route:
    body = (STATIC / name).read_bytes()

    async def answer(request: Request) -> Response:
        return Response(body, media_type=media_type)

    return Route(address, answer)


async def _sweep(shelves) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        for shelf in shelves:
            shelf.sweep()


async def _nobody_there(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


async def _no_such_thing(request: Request, error: HTTPException) -> Response:
    body = {"error": error.detail, "code": "not_found" if error.status_code == 404 else "refused"}
    return JSONResponse(body, error.status_code, headers=error.headers)


async def _broken(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": BROKEN, "code": "broken"}, 500)


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
