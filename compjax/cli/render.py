"""compjax-render: render pairs of clips with known factors, and their recombinations, for training.

  compjax-render --output data/train --num_examples 16384
  compjax-render --output data/test --num_examples 256 --split test
  compjax-render --output data/train --num_examples 16384 --shard $TASK --num_shards 64
  compjax-render --preview previews --num_examples 4

Shards that exist are kept, so an interrupted run goes on where it stopped. With --num_shards each
command is one task of a batch system's array job: any order, any machine, again at will.
"""

from __future__ import annotations

import concurrent.futures
import functools
import multiprocessing
import os
import pathlib
import sys
import time
from concurrent.futures.process import BrokenProcessPool

from absl import flags

from compjax import command
from compjax.data.splits import SPLITS
from compjax.errors import UserError
from compjax.files import make_folder

SEED_STRIDE = 1_000_000_000  # examples of one --seed; the next one's begin after them


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    text = functools.partial(flags.DEFINE_string, flag_values=values)
    number = functools.partial(flags.DEFINE_integer, flag_values=values)
    text("output", None, "Folder for the shards; it is made if missing.")
    text("preview", None, "Folder for WAV files of a few pairs instead of shards.")
    number("num_examples", 1024, "Examples (or previews) in all.", lower_bound=1)
    meaning = "Which seeds, fonts and programs."
    flags.DEFINE_enum("split", "train", SPLITS, meaning, flag_values=values)
    number("seed", 0, "Another seed gives other examples.", lower_bound=0, upper_bound=2**20)
    number("shard", 0, "Of --num_shards tasks that share the work: this one, from 0 on.", lower_bound=0)
    number("num_shards", 1, "How many tasks share the work.", lower_bound=1)
    number("workers", 1, "Processes on this machine.", lower_bound=1)
    return values


def work(folder: pathlib.Path, values: flags.FlagValues) -> list[tuple]:
    """The arguments of every shard that this task renders.

    Raises:
        UserError: if there is no such task.
    """
    if values.shard >= values.num_shards:
        last = values.num_shards - 1
        raise UserError(f"--shard is {values.shard} of --num_shards {values.num_shards}; give 0 to {last}")
    from compjax.data.sources import shards

    total = values.num_examples
    count = -(-total // shards.SHARD_SIZE)
    jobs = []
    for index in range(values.shard, count, values.num_shards):
        size = min(shards.SHARD_SIZE, total - index * shards.SHARD_SIZE)
        first = values.seed * SEED_STRIDE + index * shards.SHARD_SIZE
        jobs.append((folder, index, values.split, first, size))
    return jobs


def progress(done: int, jobs: list[tuple], start: float, rendered: int) -> None:
    """One line on stderr that is written over: shards done, speed, time left."""
    speed = rendered / max(time.monotonic() - start, 1e-9)
    left = sum(job[-1] for job in jobs[done:]) / speed if speed else 0.0
    line = f"shard {done}/{len(jobs)}  {speed:.1f} examples/s  {left / 60:.0f} min left"
    print(f"\r{line:<60}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def render_shards(jobs: list[tuple], workers: int) -> None:
    """Render all shards in processes of their own."""
    from compjax.data.sources import shards  # heavy, so only now

    start, rendered = time.monotonic(), 0
    context = multiprocessing.get_context("spawn")
    os.environ["OMP_NUM_THREADS"] = "1"  # inherited by the workers, before they load NumPy
    with concurrent.futures.ProcessPoolExecutor(workers, context) as pool:
        waiting = {pool.submit(shards.render_shard, *job): job for job in jobs}
        for done, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            try:
                rendered += waiting[future][-1] if future.result() else 0
            except BrokenProcessPool as error:
                raise UserError("a worker was ended from outside; run again, finished shards stay") from error
            progress(done, jobs, start, rendered)
    print(file=sys.stderr)


def render(values: flags.FlagValues) -> None:
    """Render previews or shards as the flags say.

    Raises:
        UserError: if there is nothing to do, or a folder cannot be made.
    """
    if values.preview:
        from compjax.data.drawing import previews, swaps  # heavy, so only now

        folder = make_folder(values.preview)
        for seed in range(values.seed, values.seed + values.num_examples):
            previews.write_preview(folder, swaps.draw_pair(seed, values.split))
    elif values.output:
        folder = make_folder(values.output)
        render_shards(work(folder, values), values.workers)
    else:
        raise UserError("nothing to do: give --output FOLDER for shards or --preview FOLDER to listen")


def run(argv: list[str] | None = None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status."""
    parse = command.strict_parser(define_flags)
    return command.run("compjax-render", __doc__, define_flags, parse, render, argv)


if __name__ == "__main__":
    sys.exit(run())
