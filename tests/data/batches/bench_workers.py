"""Our data workers beside the standard library's process pool, on batches of 8 MB.

`python tests/data/batches/bench_workers.py` prints, for 1 and 2 workers, batches a second and the processors'
milliseconds a batch; then how many of 10 readers go on after a worker was killed while it sent a batch.
"""

import concurrent.futures
import dataclasses
import multiprocessing
import os
import pathlib
import resource
import signal
import sys
import threading
import time

import numpy as np

from compjax.data.batches.maker import MadeBatch
from compjax.data.batches.workers import made_by_processes

BATCHES, MEGABYTES, KILLS, PATIENCE = 60, 8, 10, 10.0


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Batches that cost nothing to make, so that what is measured is their way."""

    def make(self, step: int) -> MadeBatch:
        """One array, and who made it."""
        numbers = np.full((MEGABYTES, 250_000), step, np.float32)
        return MadeBatch({"numbers": numbers, "pid": np.array(os.getpid())}, ())


def pool_batches(maker, workers: int):
    """What `made_by_processes` gives, by a pool over the pure `make`."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context) as pool:
        waiting = [pool.submit(maker.make, step) for step in range(2 * workers)]
        for step in range(2 * workers, sys.maxsize):
            yield waiting.pop(0).result()
            waiting.append(pool.submit(maker.make, step))


def our_batches(maker, workers: int):
    """Ours."""
    feed = made_by_processes(maker, 0, workers)
    try:
        yield from feed
    finally:
        feed.close()


def processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def speed(batches, maker, workers: int) -> str:
    """Batches a second after the first, and processor time of all, starting included."""
    before, made = processor_seconds(), batches(maker, workers)
    next(made)
    start = time.perf_counter()
    for _ in range(BATCHES):
        next(made)
    rate = BATCHES / (time.perf_counter() - start)
    made.close()
    return (
        f"{rate:.0f} batches/s, {1000 * (processor_seconds() - before) / BATCHES:.0f} ms of processor a batch"
    )


def survives(batches, maker, delay: float) -> bool:
    """Whether there is a next batch, or an error, after a worker was killed; run in a process of its own."""
    made = batches(maker, 1)
    pid = int(next(made).batch["pid"])
    ended = threading.Event()

    def read() -> None:
        try:
            for _ in range(20):
                next(made)
        except concurrent.futures.BrokenExecutor:
            pass
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    return ended.wait(PATIENCE)


def kills(batches, maker) -> str:
    """How many readers go on; a fork each, because a reader that hangs cannot be ended otherwise."""
    good = 0
    for i in range(KILLS):
        child = os.fork()
        if child == 0:
            os.setsid()
            good_end = survives(batches, maker, 0.004 * (i + 1))
            os._exit(0 if good_end else 1)
        good += os.waitpid(child, 0)[1] == 0
    return f"{good} of {KILLS} readers go on after a kill"


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    numbers = __import__("bench_workers").Numbers()  # pickled by a name that a worker knows
    for batches in (our_batches, pool_batches):
        for workers in (1, 2):
            print(batches.__name__, workers, speed(batches, numbers, workers), flush=True)
        print(batches.__name__, kills(batches, numbers), flush=True)
