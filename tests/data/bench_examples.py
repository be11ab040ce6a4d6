"""What examples cost a core: python -m tests.data.bench_examples [--count=32].

Prints processor seconds of an example rendered by soundfonts and by drawn instruments (FluidSynth and the
soundfonts are needed for the first), and of one loaded from shards into a batch as training does it; bytes
on disk and in a batch; and how many cores keep a step fed. One thread, so that processor time is wall time on
a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import tempfile
import time
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is loaded

BATCH = 8
STEPS = (0.005, 0.05, 0.5)  # seconds of a step of 8 clips
CORES = 16
SPLITS = ("train", "drawn")


def processor_seconds(work: Callable[[int], object], count: int) -> float:
    """Of one piece of work, the mean over `count` after a first one that does not count."""
    work(0)
    start = time.process_time()
    for index in range(1, count + 1):
        work(index)
    return (time.process_time() - start) / count


def rendered(split: str, count: int) -> float:
    """Processor seconds of an example rendered."""
    from compjax.data.drawing import swaps
    from compjax.data.sources import shards

    return processor_seconds(lambda seed: shards.example_of(swaps.draw_pair(seed, split)), count)


def loaded(folder: pathlib.Path, count: int) -> tuple[float, int, int]:
    """Processor seconds of an example loaded, and its bytes on disk and in a batch."""
    from compjax.data.batches.pipeline import open_pipeline
    from compjax.data.sources import shards

    shards.render_shard(folder, 0, "drawn", 0, 4 * BATCH)
    maker = open_pipeline({"train": str(folder), "dev": str(folder)}, BATCH, 0)._maker
    size = shards.shard_path(folder, 0).stat().st_size / (4 * BATCH)
    batch = maker.make(0).batch
    seconds = processor_seconds(maker.make, max(4, count)) / BATCH
    return seconds, round(size), sum(array.nbytes for array in batch.values()) // BATCH


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=32, help="examples that are rendered, batches loaded")
    options = parser.parse_args()
    for split in SPLITS:
        seconds = rendered(split, options.count)
        print(
            f"rendered, {split}: {seconds:.4f} s of a core, {1 / seconds:.1f} a second and core", flush=True
        )
    with tempfile.TemporaryDirectory() as folder:
        seconds, stored, held = loaded(pathlib.Path(folder), options.count)
    print(f"loaded from shards: {seconds:.5f} s of a core, {1 / seconds:.0f} a second and core")
    print(f"bytes: {stored} on disk, {held} in a batch")
    for step in STEPS:
        rate = BATCH / step
        print(
            f"a step of {step:g} s takes {rate:.0f} examples/s: {rate * seconds:.2f} cores; "
            f"{CORES} cores load {CORES / seconds / rate:.1f} times as many"
        )


if __name__ == "__main__":
    main()
