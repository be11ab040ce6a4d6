"""The HTTP API: clips in, compositions out. Options have the names that they have in Python.

Nothing here opens a path that a visitor names: clips, compositions and examples are looked up by id.
"""

from __future__ import annotations

import json
import os
import tempfile

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from compjax.web import clips, orders, results
from compjax.web.config import ServeConfig
from compjax.web.jobs import Full, Job, JobState, JobWorker, Model, Order
from compjax.web.openapi import describe
from compjax.web.shelf import Shelf

MAX_ORDER = 65_536
"""Bytes of the largest order, which is a few numbers."""

MEDIA_TYPES = {".wav": "audio/wav", ".mid": "audio/midi", ".json": "application/json"}


class Refused(Exception):
    """An answer other than the one asked for: status, one word for programs, one line for people."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def refuse(request: Request, error: Exception) -> JSONResponse:
    """The answer to `Refused`."""
    return JSONResponse({"error": error.message, "code": error.code}, error.status)


async def refuse_bad_data(request: Request, error: Exception) -> JSONResponse:
    """The answer to a UserError: its one line."""
    full = isinstance(error, Full)
    return JSONResponse({"error": str(error), "code": "full" if full else "bad_data"}, 503 if full else 422)


class Api:
    """The answers, over a worker and two shelves."""

    def __init__(self, config: ServeConfig, worker: JobWorker, held: Shelf, jobs: Shelf):
        self._config = config
        self._worker = worker
        self._clips = held
        self._jobs = jobs
        self._limiter = anyio.CapacityLimiter(2)  # decoding needs a few times the memory of its clip

    def routes(self) -> list[Route]:
        """All addresses."""
        one, made = "/api/compositions/{id}", "/api/compositions/{id}/{index:int}"
        return [
            Route("/api/status", self.status),
            Route("/api/openapi.json", self.openapi),
            Route("/api/examples/{name}", self.load_example, methods=["POST"]),
            Route("/api/clips", self.upload, methods=["POST"]),
            Route("/api/clips/{id}", self.clip),
            Route("/api/clips/{id}", self.delete_clip, methods=["DELETE"]),
            Route("/api/clips/{id}/audio.wav", self.clip_audio),
            Route("/api/clips/{id}/spectrogram", self.clip_spectrogram),
            Route("/api/clips/{id}/heard", self.clip_heard),
            Route("/api/compositions", self.compose, methods=["POST"]),
            Route(one, self.composition),
            Route(one, self.delete_composition, methods=["DELETE"]),
            Route(f"{one}/input.wav", self.input_audio),
            Route(f"{one}/target.wav", self.target_audio),
            Route(f"{made}/picture", self.picture),
            Route(f"{made}/out{{suffix}}", self.file),
        ]

    async def status(self, request: Request) -> Response:
        """What the server can do now, and its limits."""
        config, names = self._config, ("max_bytes", "max_seconds", "max_samples", "keep_minutes")
        pairs = [{"input": first, "target": second} for first, second in clips.EXAMPLE_PAIRS]
        return JSONResponse(
            {
                "model": self._worker.model,
                "error": self._worker.error,
                "waiting": self._worker.waiting,
                "limits": {name: getattr(config, name) for name in names},
                "examples": {name: title for name, (title, _) in clips.EXAMPLES.items()},
                "example_pairs": pairs,
            }
        )

    async def openapi(self, request: Request) -> Response:
        """The description of all this."""
        return JSONResponse(describe(self._config))

    async def upload(self, request: Request) -> Response:
        """Take a sound file, the request's body; `name` is what it is called in messages."""
        name = request.query_params.get("name", "")
        handle, path = tempfile.mkstemp(prefix="compjax-")
        try:
            with open(handle, "wb") as file:
                await self._receive(request, file, name)
            clip = await self._aside(clips.decode, path, name, self._config.max_seconds)
        finally:
            os.remove(path)
        return self._clip_answer(self._clips.put(clip), clip, 201)

    async def _receive(self, request: Request, file, name: str) -> None:
        limit = self._config.max_bytes
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit:
                message = f"{clips.shown(name)}: more than the {limit / 1e6:g} MB that this server takes"
                raise Refused(413, "too_large", message)
            await run_in_threadpool(file.write, chunk)

    async def load_example(self, request: Request) -> Response:
        """Take a bundled clip."""
        clip = await run_in_threadpool(clips.example, request.path_params["name"])
        return self._clip_answer(self._clips.put(clip), clip, 201)

    async def clip(self, request: Request) -> Response:
        """Name and length of a clip."""
        return self._clip_answer(request.path_params["id"], self._held(request), 200)

    async def delete_clip(self, request: Request) -> Response:
        """Forget a clip."""
        if self._clips.remove(request.path_params["id"]) is None:
            raise gone("clip")
        return Response(status_code=204)

    async def clip_audio(self, request: Request) -> Response:
        """A clip as it is heard: mono, 24 kHz."""
        clip = self._held(request)
        return Response(await self._aside(clip.wav), media_type="audio/wav")

    async def clip_spectrogram(self, request: Request) -> Response:
        """A clip's spectrogram."""
        clip = self._held(request)
        return JSONResponse(await self._aside(results.spectrogram, clip.audio))

    async def clip_heard(self, request: Request) -> Response:
        """Beats, hits and chords of a clip, once the model is there."""
        clip, worker = self._held(request), self._worker
        if worker.model is Model.LOADING:
            raise Refused(503, "loading", "the model is loading; ask again in a few seconds")
        if worker.model is Model.FAILED:
            raise Refused(503, "no_model", f"the model could not be loaded: {worker.error}")
        return JSONResponse(await self._aside(clip.heard_by, worker.session))

    async def _aside(self, function, *args):
        """What a function gives that takes a while, few of which run at once."""
        return await anyio.to_thread.run_sync(function, *args, limiter=self._limiter)

    async def compose(self, request: Request) -> Response:
        """Put a composition into the queue."""
        order = orders.parse(await self._json(request), self._config.max_samples)
        held = [self._clips.get(getattr(order, role)) for role in ("input", "target")]
        for role, clip in zip(("input", "target"), held, strict=True):
            if clip is None:
                raise gone(f"{role} clip")
        job = Job(Order(*held, order.options, order.num_samples, order.said))
        self._worker.submit(job)
        name = self._jobs.put(job)
        return JSONResponse(self._job_answer(name, job), 202)

    async def _json(self, request: Request):
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Refused(415, "not_json", "an order is sent as application/json")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_ORDER:
                raise Refused(413, "too_large", f"an order has at most {MAX_ORDER} bytes")
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(400, "not_json", "the order is no JSON") from None

    async def composition(self, request: Request) -> Response:
        """How far a composition is."""
        return JSONResponse(self._job_answer(request.path_params["id"], self._job(request)))

    async def delete_composition(self, request: Request) -> Response:
        """Cancel a composition if it is not over, and forget it."""
        job = self._jobs.remove(request.path_params["id"])
        if job is None:
            raise gone("composition")
        self._worker.cancel(job)
        return Response(status_code=204)

    async def input_audio(self, request: Request) -> Response:
        """The input of a composition, which may be gone as a clip."""
        return Response(await self._aside(self._job(request).order.input.wav), media_type="audio/wav")

    async def target_audio(self, request: Request) -> Response:
        """The target as it was laid along the input."""
        job = self._job(request)
        if not job.aligned:
            raise gone("sound")
        return Response(job.aligned, media_type="audio/wav")

    async def picture(self, request: Request) -> Response:
        """The numbers that a result's pictures are drawn from."""
        return JSONResponse(self._result(request).picture)

    async def file(self, request: Request) -> Response:
        """A result's sound, notes or report."""
        suffix = request.path_params["suffix"]
        result, job = self._result(request), self._job(request)
        if suffix not in result.files:
            raise gone("file")
        order = job.order
        variation = request.path_params["index"]
        stem = f"{clips.slug(order.input.name)}_{clips.slug(order.target.name)}"
        name = f"{stem}_seed{order.options.get('seed', 0)}_{variation}{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(result.files[suffix], media_type=MEDIA_TYPES[suffix], headers=headers)

    def _held(self, request: Request) -> clips.HeldClip:
        clip = self._clips.get(request.path_params["id"])
        if clip is None:
            raise gone("clip")
        return clip

    def _job(self, request: Request) -> Job:
        job = self._jobs.get(request.path_params["id"])
        if job is None:
            raise gone("composition")
        return job

    def _result(self, request: Request) -> results.Result:
        made, index = self._job(request).results, request.path_params["index"]
        if index >= len(made):
            raise gone("variation")
        return made[index]

    def _clip_answer(self, name: str, clip: clips.HeldClip, status: int) -> JSONResponse:
        body = {"id": name, "name": clip.name, "seconds": round(clip.seconds, 3)}
        return JSONResponse(body, status)

    def _job_answer(self, name: str, job: Job) -> dict:
        made = list(job.results)
        return {
            "id": name,
            "state": job.state,
            "position": self._worker.position(job),
            "waits_for_model": job.state is JobState.QUEUED and self._worker.model is Model.LOADING,
            "phase": job.steps.phase,
            "words": job.steps.words,
            "progress": 1.0 if job.state is JobState.DONE else round(job.steps.share, 4),
            "error": job.error,
            "options": {**job.order.said, "num_samples": job.order.num_samples},
            "results": [result_answer(name, i, result) for i, result in enumerate(made)],
        }


def result_answer(name: str, index: int, result: results.Result) -> dict:
    """What is said of one variation, and where its files are."""
    at = f"/api/compositions/{name}/{index}"
    kept = ("weights", "sources", "notes", "seconds", "verdict", "words", "adherence", "novelty")
    files = {suffix[1:]: f"{at}/out{suffix}" for suffix in result.files}
    said = {key: result.report[key] for key in kept if key in result.report}
    return {"variation": index, **said, "files": files, "picture": f"{at}/picture"}


def gone(what: str) -> Refused:
    """The answer where there is nothing, or no longer."""
    return Refused(404, "gone", f"this {what} is not here, or no longer: what is not used is deleted")
