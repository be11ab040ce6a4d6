"""The application: the page, the API, and what runs beside them."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from compjax.errors import UserError
from compjax.web.api import Api, Refused, refuse, refuse_bad_data
from compjax.web.config import MEGABYTE, ServeConfig
from compjax.web.guard import Guard
from compjax.web.jobs import BROKEN, JobWorker
from compjax.web.shelf import Shelf

STATIC = pathlib.Path(__file__).parent / "static"

PAGES = {
    "/": ("index.html", "text/html"),
    "/style.css": ("style.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
"""The page's files by address; no other file is ever served."""

SWEEP_SECONDS = 30.0
"""How often what is too old is deleted."""


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
