"""What routes have in common: refusals, bodies of requests, and work that takes a while."""

from __future__ import annotations

import json

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from compjax.web.worker import Full

MAX_ORDER = 2_000_000
"""Bytes of the largest order: a few numbers, or some thousands of notes."""

RETRY_SECONDS = {"loading": 3, "full": 30}
"""What `Retry-After` says, by the word for programs."""

STALL_SECONDS = 20.0
"""An upload of which nothing arrives for so long is given up."""

BODY_SECONDS = 300.0
"""So long a whole upload may take."""

WATCH_SECONDS = 0.5
"""How often it is looked whether a visitor who waits is still there."""


class Refused(Exception):
    """An answer other than the one asked for: status, one word for programs, one line for people."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def refuse(request: Request, error: Exception) -> JSONResponse:
    """The answer to `Refused`."""
    return _refusal(error.message, error.code, error.status)


async def refuse_bad_data(request: Request, error: Exception) -> JSONResponse:
    """The answer to a UserError: its one line."""
    full = isinstance(error, Full)
    return _refusal(str(error), "full" if full else "bad_data", 503 if full else 422)


def _refusal(message: str, code: str, status: int) -> JSONResponse:
    headers = {"Retry-After": str(RETRY_SECONDS[code])} if code in RETRY_SECONDS else None
    return JSONResponse({"error": message, "code": code}, status, headers)


def gone(what: str) -> Refused:
    """The answer where there is nothing, or no longer."""
    return Refused(404, "gone", f"this {what} is not here, or no longer: what is not used is deleted")


async def chunks(request: Request, limit: int, too_large: str):
    """A request's body as it comes in.

    Raises:
        Refused: if it says that it is larger than `limit` bytes, or is; if it comes too slowly.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > limit:
        raise Refused(413, "too_large", too_large)
    stream, received, end = request.stream().__aiter__(), 0, anyio.current_time() + BODY_SECONDS
    while True:
        try:
            with anyio.fail_after(min(STALL_SECONDS, max(end - anyio.current_time(), 0.0))):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise Refused(408, "slow", "the upload came too slowly; send it again") from None
        if chunk is None:
            return
        received += len(chunk)
        if received > limit:
            raise Refused(413, "too_large", too_large)
        yield chunk


async def json_body(request: Request):
    """The JSON of a request; `Refused` if it is none or too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "not_json", "an order is sent as application/json")
    too_large = f"an order has at most {MAX_ORDER} bytes"
    body = b"".join([chunk async for chunk in chunks(request, MAX_ORDER, too_large)])
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "not_json", "the order is no JSON") from None


async def aside(request: Request, limiter: anyio.CapacityLimiter, function, *args):
    """What a function gives that takes a while, few of which run at once.

    Whoever goes away while they wait for their turn, does not take it.
    """
    outcome: list = []

    async def work() -> None:
        try:
            outcome.extend([await anyio.to_thread.run_sync(function, *args, limiter=limiter), None])
        except Exception as error:  # raised again below: a task group would wrap it
            outcome.extend([None, error])
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        while not await request.is_disconnected():
            await anyio.sleep(WATCH_SECONDS)
        group.cancel_scope.cancel()
    if not outcome:
        raise ClientDisconnect
    made, error = outcome
    if error is not None:
        raise error
    return made
