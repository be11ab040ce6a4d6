"""A process that makes batches: `python -m compjax.data.batches.worker`, started by `workers.py` only.

It reads one pickled job from stdin and writes framed batches to stdout for as long as somebody reads
them. Signals that are meant for the training process pass it by, and it ends when its parent does.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import pickle
import signal
import struct
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO

from compjax.errors import UserError

PARENT_POLL_SECONDS = 0.5
LENGTH = struct.Struct("<Q")


@dataclasses.dataclass(frozen=True)
class WorkOrder:
    """The steps `first`, `first + stride`, ... of a maker; `parent` is the process that reads them."""

    maker: Any
    first: int
    stride: int
    parent: int


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why no more batches come; `for_user` is the text of a UserError, else it is a traceback."""

    text: str
    for_user: bool


def write_message(file: BinaryIO, message: Any) -> None:
    """A pickle and its arrays' bytes, each behind its length; arrays are not copied."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    parts = [body, *(buffer.raw() for buffer in buffers)]
    file.write(LENGTH.pack(len(parts)))
    for part in parts:
        file.write(LENGTH.pack(len(part)))
        file.write(part)
    file.flush()


def read_message(file: BinaryIO) -> Any:
    """The next message; EOFError where the writer has ended, even within one."""
    (count,) = LENGTH.unpack(_read(file, LENGTH.size))
    parts = [_read(file, *LENGTH.unpack(_read(file, LENGTH.size))) for _ in range(count)]
    return pickle.loads(parts[0], buffers=parts[1:])


def _read(file: BinaryIO, size: int) -> bytearray:
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        got = file.readinto(view[done:])
        if not got:
            raise EOFError
        done += got
    return data


def end_with(parent: int) -> None:
    """End this process soon after its parent, however that ended, from a thread."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def serve(job: WorkOrder, output: BinaryIO) -> None:
    """Make and write batches until nobody reads them; a failure is the last message."""
    try:
        for step in itertools.count(job.first, job.stride):
            write_message(output, job.maker.make(step))
    except BrokenPipeError:
        os._exit(0)  # the reader has what it wanted; flushing what is left would fail again
    except UserError as error:
        write_message(output, Failure(str(error), for_user=True))
    except Exception:
        write_message(output, Failure(traceback.format_exc(), for_user=False))


def main() -> None:
    """Entry point."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)  # what a library prints must not get between the batches
    job: WorkOrder = read_message(sys.stdin.buffer)
    end_with(job.parent)
    from absl import logging

    logging.set_verbosity(logging.ERROR)  # damaged files are reported by the parent, once
    serve(job, output)


if __name__ == "__main__":
    from compjax.data.batches import worker  # by its name, so that the parent knows the classes that are sent

    worker.main()
