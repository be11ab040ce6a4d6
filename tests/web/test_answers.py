"""Bodies that come slowly or say too much, and visitors who go away."""

import time

import anyio
import pytest
from starlette.requests import ClientDisconnect, Request

from compjax.web import answers


def request(messages, headers=(), pause=0.0):
    """A request whose messages come one after the other, then none."""
    left = list(messages)

    async def receive():
        if not left:
            await anyio.sleep_forever()
        if pause:
            await anyio.sleep(pause)
        return left.pop(0)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": list(headers)}
    return Request(scope, receive)


def body(content: bytes, more: bool):
    return {"type": "http.request", "body": content, "more_body": more}


async def collect(one, limit=100):
    return b"".join([chunk async for chunk in answers.chunks(one, limit, "too much")])


def test_a_body_is_taken_whole():
    assert anyio.run(collect, request([body(b"ab", True), body(b"c", False)])) == b"abc"


def test_what_says_that_it_is_too_large_is_refused_before_it_is_read():
    one = request([], [(b"content-length", b"101")])
    with pytest.raises(answers.Refused, match="too much") as refused:
        anyio.run(collect, one)
    assert refused.value.status == 413


def test_what_is_too_large_without_saying_so_is_refused():
    with pytest.raises(answers.Refused, match="too much"):
        anyio.run(collect, request([body(b"x" * 60, True)] * 2))


def test_an_upload_that_stalls_is_given_up(monkeypatch):
    monkeypatch.setattr(answers, "STALL_SECONDS", 0.05)
    with pytest.raises(answers.Refused, match="too slowly") as refused:
        anyio.run(collect, request([body(b"x", True)]))
    assert refused.value.status == 408


def test_an_upload_that_drips_is_given_up_too(monkeypatch):
    monkeypatch.setattr(answers, "BODY_SECONDS", 0.1)
    with pytest.raises(answers.Refused, match="too slowly"):
        anyio.run(collect, request([body(b"x", True)] * 50, pause=0.02))


def test_whoever_goes_away_does_not_take_their_turn(monkeypatch):
    monkeypatch.setattr(answers, "WATCH_SECONDS", 0.01)
    done = []

    async def main():
        limiter = anyio.CapacityLimiter(1)
        async with limiter:
            with pytest.raises(ClientDisconnect):
                await answers.aside(request([{"type": "http.disconnect"}]), limiter, done.append, 1)
        assert await answers.aside(request([]), limiter, time.time) > 0

    anyio.run(main)
    assert done == []


def test_errors_come_through_as_they_are():
    def fail():
        raise KeyError("x")

    async def main():
        await answers.aside(request([]), anyio.CapacityLimiter(1), fail)

    with pytest.raises(KeyError):
        anyio.run(main)
