"""Clips over HTTP: taken in, shown, heard, deleted."""

from __future__ import annotations

import os
import tempfile

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from compjax.compose.asked.options import grid_settings
from compjax.web import clips, results
from compjax.web.answers import Refused, aside, chunks, gone
from compjax.web.config import ServeConfig
from compjax.web.shelf import Shelf
from compjax.web.worker import JobWorker, Model

GRID = ("bpm", "meter", "downbeat")
"""What a visitor can set of a clip's grid."""


class ClipRoutes:
    """The answers on clips."""

    def __init__(self, config: ServeConfig, worker: JobWorker, held: Shelf):
        self._config = config
        self._worker = worker
        self._clips = held
        self._sounds = anyio.CapacityLimiter(2)  # decoding needs a few times the memory of its clip
        self._listening = anyio.CapacityLimiter(1)  # it takes seconds, and sound must not wait for it

    def routes(self) -> list[Route]:
        """All addresses."""
        return [
            Route("/api/examples/{name}", self.load_example, methods=["POST"]),
            Route("/api/clips", self.upload, methods=["POST"]),
            Route("/api/clips/{id}", self.clip),
            Route("/api/clips/{id}", self.delete_clip, methods=["DELETE"]),
            Route("/api/clips/{id}/audio.wav", self.audio),
            Route("/api/clips/{id}/spectrogram", self.spectrogram),
            Route("/api/clips/{id}/heard", self.heard),
        ]

    async def upload(self, request: Request) -> Response:
        """Take a sound file, the request's body; `name` is what it is called in messages."""
        name = request.query_params.get("name", "")
        handle, path = tempfile.mkstemp(prefix=results.TEMPORARY)
        try:
            with open(handle, "wb") as file:
                await self._receive(request, file, name)
            limit = self._config.max_seconds
            clip = await aside(request, self._sounds, clips.decode, path, name, limit)
        finally:
            os.remove(path)
        return self._answer(self._clips.put(clip), clip, 201)

    async def _receive(self, request: Request, file, name: str) -> None:
        limit = self._config.max_bytes
        too_large = f"{clips.shown(name)}: more than the {limit / 1e6:g} MB that this server takes"
        async for chunk in chunks(request, limit, too_large):
            await run_in_threadpool(file.write, chunk)

    async def load_example(self, request: Request) -> Response:
        """Take a bundled clip."""
        clip = await run_in_threadpool(clips.example, request.path_params["name"])
        return self._answer(self._clips.put(clip), clip, 201)

    async def clip(self, request: Request) -> Response:
        """Name and length of a clip."""
        return self._answer(request.path_params["id"], self._held(request), 200)

    async def delete_clip(self, request: Request) -> Response:
        """Forget a clip."""
        if self._clips.remove(request.path_params["id"]) is None:
            raise gone("clip")
        return Response(status_code=204)

    async def audio(self, request: Request) -> Response:
        """A clip as it is heard: mono, 24 kHz."""
        clip = self._held(request)
        return Response(await aside(request, self._sounds, clip.wav), media_type="audio/wav")

    async def spectrogram(self, request: Request) -> Response:
        """A clip's spectrogram."""
        clip = self._held(request)
        return JSONResponse(await aside(request, self._sounds, results.spectrogram, clip.audio))

    async def heard(self, request: Request) -> Response:
        """Beats, hits and chords of a clip, once the model is there; tempo, meter and bars may be set."""
        clip, worker = self._held(request), self._worker
        grid = grid_settings("", *map(request.query_params.get, GRID))
        if worker.model is Model.LOADING:
            raise Refused(503, "loading", "the model is loading; ask again in a few seconds")
        if worker.model is Model.FAILED:
            raise Refused(503, "no_model", f"the model could not be loaded: {worker.error}")
        return JSONResponse(await aside(request, self._listening, clip.heard_by, worker.session, grid))

    def _held(self, request: Request) -> clips.HeldClip:
        clip = self._clips.get(request.path_params["id"])
        if clip is None:
            raise gone("clip")
        return clip

    def _answer(self, name: str, clip: clips.HeldClip, status: int) -> JSONResponse:
        body = {"id": name, "name": clip.name, "seconds": round(clip.seconds, 3)}
        return JSONResponse({**body, "remarks": list(clip.remarks)}, status)
