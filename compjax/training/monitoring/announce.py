"""What a run says before there is anything to report: the hardware, that it compiles, how fast it will be."""

from __future__ import annotations

import contextlib
import datetime
import os
import runpy
import sys
import threading
import time
from collections.abc import Iterator, Mapping

import jax
from absl import flags, logging

from compjax import command
from compjax.errors import UserError
from compjax.training.monitoring.status_line import duration

EVERY = 20.0
"""Seconds between two signs of life of what takes long."""

FIRST_STEPS = 5
"""Steps after which the pace is told; the first is left out, for it may wait for data."""

SMALL = "--config.agent.settings.size=small"


def hardware() -> str:
    """The devices of this run in words."""
    devices = jax.devices()
    cores = f" with {os.cpu_count()} cores" if devices[0].platform == "cpu" else ""
    count = "" if len(devices) == 1 else f"{len(devices)} x "
    return f"{count}{devices[0].device_kind}{cores}"


def proposal(config: Mapping) -> str | None:
    """What to do about an agent that is too large for this hardware; None if it is not."""
    settings = dict(dict(config.get("agent", {})).get("settings", {}))
    if jax.default_backend() != "cpu" or settings.get("size") != "original":
        return None
    return f"the original's size takes days on a CPU; {SMALL} is made for it"


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("config", None, "An experiment.", values, required=True)
    return values


def tell(values: flags.FlagValues) -> None:
    """The hardware, and what it is too small for."""
    try:
        config = runpy.run_path(values.config)["get_config"]().to_dict()
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        raise UserError(f"--config={values.config} is no experiment: {' '.join(text.split())}") from error
    print(f"hardware: {hardware()}")
    if proposed := proposal(config):
        print(proposed)


def run(argv: list[str] | None = None) -> int:
    """Entry point of `python -m compjax.training.monitoring.announce`."""
    return command.run_strict("compjax.training.monitoring.announce", __doc__, define_flags, tell, argv)


@contextlib.contextmanager
def signs_of_life(what: str, every: float = EVERY) -> Iterator[None]:
    """Says that `what` is going on, and goes on saying it."""
    begun, ended = time.monotonic(), threading.Event()
    logging.info("%s; on a CPU it can take minutes", what)

    def tell() -> None:
        while not ended.wait(every):
            logging.info("%s, for %s so far", what, duration(time.monotonic() - begun))

    teller = threading.Thread(target=tell, daemon=True, name="signs of life")
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


class Pace:
    """Tells after the first steps how fast they are, and when the last one will be done."""

    def __init__(self, num_steps: int | None) -> None:
        self._num_steps, self._times = num_steps, []

    def step(self, number: int) -> str | None:
        """The line, once; None at all other steps."""
        if len(self._times) > FIRST_STEPS:
            return None
        self._times.append(time.monotonic())
        if len(self._times) <= FIRST_STEPS or not self._num_steps:
            return None
        seconds = (self._times[-1] - self._times[0]) / FIRST_STEPS
        left = seconds * (self._num_steps - number)
        done = datetime.datetime.now() + datetime.timedelta(seconds=left)
        return f"{1.0 / max(seconds, 1e-9):.2f} steps a second: done in {duration(left)}, at {done:%a %H:%M}"


if __name__ == "__main__":
    sys.exit(run())
