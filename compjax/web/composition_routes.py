"""Compositions over HTTP: asked for, followed, cancelled, fetched."""

from __future__ import annotations

import io
import zipfile

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from compjax.web import clips, orders, results
from compjax.web.answers import Refused, aside, gone, json_body
from compjax.web.config import ServeConfig
from compjax.web.jobs import Job, JobState, Order
from compjax.web.shelf import Shelf
from compjax.web.worker import JobWorker, Model

MEDIA_TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mid": "audio/midi",
    ".json": "application/json",
    ".html": "text/html",
    ".txt": "text/plain; charset=utf-8",
    ".zip": "application/zip",
}
"""Kinds of files, by the ends of their names."""

SAID = ("weights", "sources", "notes", "seconds", "verdict", "words", "adherence", "novelty", "instrument")
"""What of a report is told at once."""

MOST_TAKES = 100
"""Takes of one ZIP file."""


class CompositionRoutes:
    """The answers on compositions."""

    def __init__(self, config: ServeConfig, worker: JobWorker, held: Shelf, jobs: Shelf):
        self._config = config
        self._worker = worker
        self._clips = held
        self._jobs = jobs
        self._limiter = anyio.CapacityLimiter(2)

    def routes(self) -> list[Route]:
        """All addresses."""
        one, made = "/api/compositions/{id}", "/api/compositions/{id}/{index:int}"
        return [
            Route("/api/compositions", self.compose, methods=["POST"]),
            Route(one, self.composition),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/cancel", self.cancel, methods=["POST"]),
            Route(f"{one}/early.wav", self.early_audio),
            Route(f"{one}/input.wav", self.input_audio),
            Route(f"{one}/target.wav", self.target_audio),
            Route(f"{made}/picture", self.picture),
            Route(f"{made}/out{{suffix}}", self.file),
            Route("/api/takes.zip", self.takes),
        ]

    async def compose(self, request: Request) -> Response:
        """Put a composition into the queue."""
        wanted = orders.parse(await json_body(request), self._config.max_samples)
        held = tuple(self._clips.get(getattr(wanted, role)) for role in ("input", "target"))
        for role, clip in zip(("input", "target"), held, strict=True):
            if clip is None:
                raise gone(f"{role} clip")
        order = Order(
            held,
            wanted.options,
            wanted.num_samples,
            wanted.said,
            wanted.variation,
            wanted.hits,
            wanted.notes,
        )
        job = Job(order, request.client.host if request.client else "")
        self._worker.submit(job)
        name = self._jobs.put(job)
        return JSONResponse(self._answer(name, job), 202)

    async def composition(self, request: Request) -> Response:
        """How far a composition is."""
        return JSONResponse(self._answer(request.path_params["id"], self._job(request)))

    async def cancel(self, request: Request) -> Response:
        """Cancel a composition; the variations that are finished stay."""
        job = self._job(request)
        self._worker.cancel(job)
        return JSONResponse(self._answer(request.path_params["id"], job))

    async def delete(self, request: Request) -> Response:
        """Cancel a composition if it is not over, and forget it."""
        job = self._jobs.remove(request.path_params["id"])
        if job is None:
            raise gone("composition")
        self._worker.cancel(job)
        return Response(status_code=204)

    async def early_audio(self, request: Request) -> Response:
        """The variation that is being measured: it can be heard before its report is there."""
        early = self._job(request).early
        if not early:
            raise gone("sound")
        return Response(early, media_type="audio/wav")

    async def input_audio(self, request: Request) -> Response:
        """The input of a composition in its time; it may be gone as a clip."""
        job = self._job(request)
        if not job.results:
            raise gone("sound")
        audio = job.results[0].composition.view.input.audio
        return Response(await aside(request, self._limiter, results.wav_of, audio), media_type="audio/wav")

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
        suffix, result, job = request.path_params["suffix"], self._result(request), self._job(request)
        if suffix not in result.suffixes:
            raise gone("file")
        name = f"{self._stem(job, request.path_params['index'])}{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        content = await aside(request, self._limiter, result.file, suffix)
        kind = MEDIA_TYPES["." + suffix.rpartition(".")[2]]
        return Response(content, media_type=kind, headers=headers)

    async def takes(self, request: Request) -> Response:
        """The files of many results as a ZIP: `take=ID:NUMBER:NAME`, again and again."""
        wanted = request.query_params.getlist("take")
        if not 1 <= len(wanted) <= MOST_TAKES:
            raise Refused(422, "bad_data", f"give 1 to {MOST_TAKES} takes, each as take=ID:NUMBER:NAME")
        chosen = [self._take(text, number) for number, text in enumerate(wanted, 1)]
        headers = {"Content-Disposition": 'attachment; filename="takes.zip"'}
        content = await aside(request, self._limiter, zipped, chosen)
        return Response(content, media_type="application/zip", headers=headers)

    def _take(self, text: str, number: int) -> tuple[str, results.Result]:
        """Folder and result of a take's text."""
        name, _, rest = text.partition(":")
        index, _, called = rest.partition(":")
        job = self._jobs.get(name)
        if job is None or not index.isdecimal() or int(index) >= len(job.results):
            raise gone("take")
        return f"{number:02}-{clips.slug(called or 'take')}", job.results[int(index)]

    @staticmethod
    def _stem(job: Job, index: int) -> str:
        names = "_".join(clips.slug(clip.name) for clip in job.order.clips)
        return f"{names}_seed{job.order.options.get('seed', 0)}_{job.order.variation + index}"

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

    def _answer(self, name: str, job: Job) -> dict:
        made, order = list(job.results), job.order
        return {
            "id": name,
            "state": job.state,
            "position": self._worker.position(job),
            "waits_for_model": job.state is JobState.QUEUED and self._worker.model is Model.LOADING,
            "phase": job.steps.phase,
            "words": job.steps.words,
            "progress": 1.0 if job.state is JobState.DONE else round(job.steps.share, 4),
            "error": job.error,
            "early": f"/api/compositions/{name}/early.wav" if job.early else None,
            "options": {**order.said, "num_samples": order.num_samples, "variation": order.variation},
            "results": [result_answer(name, i, result) for i, result in enumerate(made)],
        }


def result_answer(name: str, index: int, result: results.Result) -> dict:
    """What is said of one variation, and where its files are."""
    at = f"/api/compositions/{name}/{index}"
    files = {
        suffix[1:].removesuffix(".txt").removesuffix(".zip"): f"{at}/out{suffix}"
        for suffix in result.suffixes
    }
    said = {key: result.report[key] for key in SAID if key in result.report}
    return {"variation": index, **said, "files": files, "picture": f"{at}/picture"}


def zipped(takes: list[tuple[str, results.Result]]) -> bytes:
    """A ZIP file of a folder a take."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for folder, result in takes:
            for suffix, content in result.files.items():
                archive.writestr(f"{folder}/{folder}{suffix}", content)
    return buffer.getvalue()
