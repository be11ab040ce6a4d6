"""Errors that a failed restore leaves behind."""

import asyncio
import sys

from compjax.training.checkpoints import leftovers


def test_a_coroutine_that_is_given_up_prints_nothing(capsys):
    async def read():
        try:
            await asyncio.sleep(0)
        finally:
            raise OSError("damaged")

    before = sys.unraisablehook
    with leftovers.hushed() as settle:
        reading = read()
        reading.send(None)
        del reading
        settle()
    assert sys.unraisablehook is before
    assert capsys.readouterr().err == ""
