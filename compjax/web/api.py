"""The HTTP API: clips in, compositions out. Options have the names that they have in Python.

Nothing here opens a path that a visitor names: clips, compositions and examples are looked up by id.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from compjax.web import clips, orders
from compjax.web.answers import Refused, json_body
from compjax.web.clip_routes import ClipRoutes
from compjax.web.composition_routes import CompositionRoutes
from compjax.web.config import ServeConfig
from compjax.web.openapi import describe
from compjax.web.shelf import Shelf
from compjax.web.worker import JobWorker

LEAVE_SECONDS = 20.0
"""What a visitor leaves behind is deleted so much later, unless they come back: a page that is loaded again
asks for it within seconds."""


class Api:
    """The answers, over a worker and two shelves."""

    def __init__(self, config: ServeConfig, worker: JobWorker, held: Shelf, jobs: Shelf):
        self._config = config
        self._worker = worker
        self._shelves = {"clips": held, "compositions": jobs}
        self._parts = (ClipRoutes(config, worker, held), CompositionRoutes(config, worker, held, jobs))

    def routes(self) -> list[Route]:
        """All addresses."""
        own = [
            Route("/api/status", self.status),
            Route("/api/openapi.json", self.openapi),
            Route("/api/leave", self.leave, methods=["POST"]),
        ]
        return own + [route for part in self._parts for route in part.routes()]

    async def status(self, request: Request) -> Response:
        """What the server can do now, and its limits."""
        config, names = self._config, ("max_bytes", "max_seconds", "max_samples", "keep_minutes")
        pairs = [{"input": first, "target": second} for first, second in clips.EXAMPLE_PAIRS]
        return JSONResponse(
            {
                "model": self._worker.model,
                "error": self._worker.error,
                "waiting": self._worker.waiting,
                "options": orders.OPTIONS,
                "limits": {name: getattr(config, name) for name in names},
                "examples": {name: title for name, (title, _) in clips.EXAMPLES.items()},
                "example_pairs": pairs,
            }
        )

    async def openapi(self, request: Request) -> Response:
        """The description of all this."""
        return JSONResponse(describe(self._config))

    async def leave(self, request: Request) -> Response:
        """A visitor's page was closed, or is loaded again: ids of clips and compositions."""
        body = await json_body(request)
        if not isinstance(body, dict) or not set(body) <= set(self._shelves):
            raise Refused(422, "bad_data", "give lists of ids: clips, compositions")
        for kind, names in body.items():
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise Refused(422, "bad_data", f"{kind} must be a list of ids")
            for name in names:
                self._shelves[kind].leave(name, LEAVE_SECONDS)
        return Response(status_code=204)
