"""The application: the page, the API, and what runs beside them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from compjax.errors import UserError
from compjax.web.answers import Refused, refuse, refuse_bad_data
from compjax.web.api import Api
from compjax.web.config import MEGABYTE, ServeConfig
from compjax.web.guard import Guard
from compjax.web.jobs import BROKEN
from compjax.web.results import TEMPORARY
from compjax.web.shelf import Shelf
from compjax.web.worker import JobWorker

STATIC = pathlib.Path(__file__).parent / "static"

MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
"""Kinds of the page's files, by the ends of their names."""

PAGES = {
    "/" if path.name == "index.html" else f"/{path.name}": (path.name, MEDIA_TYPES[path.suffix])
    for path in sorted(STATIC.iterdir())
}
"""The page's files by address, as they lie there when the server starts; no other file is ever served."""

STALE_SECONDS = 3600.0
"""Temporary files that are older were left behind: an upload is over long before."""

SWEEP_SECONDS = 5.0
"""How often what is too old is deleted."""


def make_app(load: Callable[[], object], config: ServeConfig = ServeConfig()) -> Starlette:
    """The ASGI application.

    Args:
        load: gives the session; called in a thread when the application starts.
        config: limits.
    """
    seconds, capacity = 60 * config.keep_minutes, round(config.max_memory_megabytes * MEGABYTE)
    shelves = (Shelf(seconds, capacity), Shelf(seconds, capacity))
    worker = JobWorker(load, config.max_jobs, config.max_jobs_each)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        sweep_leftovers()
        worker.start()
        sweeping = asyncio.create_task(_sweep(*shelves, worker))
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


async def _sweep(held: Shelf, jobs: Shelf, worker: JobWorker) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        held.sweep()
        for job in jobs.sweep():
            worker.cancel(job)


def sweep_leftovers() -> None:
    """Delete the temporary files of a server that was killed: those that are old, and ours."""
    for path in pathlib.Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"):
        with contextlib.suppress(OSError):
            said = path.lstat()
            if said.st_uid != os.getuid() or time.time() - said.st_mtime < STALE_SECONDS:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


async def _nobody_there(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


async def _no_such_thing(request: Request, error: HTTPException) -> Response:
    body = {"error": error.detail, "code": "not_found" if error.status_code == 404 else "refused"}
    return JSONResponse(body, error.status_code, headers=error.headers)


async def _broken(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": BROKEN, "code": "broken"}, 500)
