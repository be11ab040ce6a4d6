"""TensorBoard's event files without TensorFlow, written so that they cannot stop or spoil a run.

tensorboardX encodes; the writing is ours. Its own writer names files by the second, so that a run resumed
within a second would overwrite what it wrote before, and hands events to a thread through a bounded queue:
when the disk is full the thread dies and the queue blocks training for ever. Here an event that cannot be
written is dropped with a warning, and a new file is tried after a while.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping

import numpy as np
from absl import logging
from tensorboardX import summary
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog

from compjax.constants import SAMPLE_RATE

FLUSH_SECONDS = 5.0
"""How long an event may wait in memory."""

RETRY_SECONDS = 30.0
"""How long to leave a disk alone that refused an event."""


class EventFile:
    """One run's events in `folder`; steps from `purge_step` on that an earlier run wrote are hidden."""

    def __init__(self, folder: str, purge_step: int) -> None:
        self._folder = folder
        self._writer: EventsWriter | None = None
        self._flushed = time.monotonic()
        self._closed_until = 0.0
        self._write(Event(step=purge_step, session_log=SessionLog(status=SessionLog.START)))

    def scalar(self, name: str, value: float, step: int, meaning: str = "") -> None:
        """One number, with what it means; NaN and infinity are kept as they are."""
        self._summary(summary.scalar(name, float(value), summary_description=meaning), step)

    def histogram(self, name: str, values: np.ndarray, step: int) -> None:
        """How numbers are spread, in 64 even bins; those that are not finite are left out."""
        values = np.asarray(values, np.float64).reshape(-1)
        values = values[np.isfinite(values)]
        if values.size:
            self._summary(summary.histogram(name, values, bins=64), step)

    def image(self, name: str, picture: np.ndarray, step: int) -> None:
        """A picture in colours `[H, W, 3]` of bytes."""
        self._summary(summary.image(name, picture, dataformats="HWC"), step)

    def audio(self, name: str, samples: np.ndarray, step: int) -> None:
        """A waveform `[S]` at 24 kHz; what is beyond full scale is cut off."""
        samples = np.clip(np.nan_to_num(np.asarray(samples, np.float32)), -1.0, 1.0)
        self._summary(summary.audio(name, samples[:, None], SAMPLE_RATE), step)

    def text(self, name: str, words: str, step: int) -> None:
        """A piece of text (Markdown)."""
        self._summary(summary.text(name, words), step)

    def layout(self, charts: Mapping[str, Mapping[str, tuple[str, list[str]]]]) -> None:
        """How the tab "Custom Scalars" groups curves: by category and title, a kind of chart and its tags."""
        self._summary(summary.custom_scalars(charts), None)

    def hyperparameters(self, values: Mapping[str, bool | str | float], metrics: Mapping[str, float]) -> None:
        """What TensorBoard's table of runs shows, with the names of the scalars to show beside it."""
        for part in summary.hparams(dict(values), dict(metrics))[:2]:
            self._summary(part, None)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._guarded(lambda: self._writer.flush() if self._writer else None)
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Write what is waiting."""
        self.flush()
        if self._writer is not None:
            self._guarded(self._writer.close)
        self._writer = None

    def _summary(self, value, step: int | None) -> None:
        self._write(Event(summary=value) if step is None else Event(summary=value, step=int(step)))

    def _write(self, event: Event) -> None:
        if time.monotonic() < self._closed_until:
            return
        event.wall_time = time.time()
        self._guarded(lambda: self._open().write_event(event))
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def _open(self) -> EventsWriter:
        if self._writer is None:
            os.makedirs(self._folder, exist_ok=True)
            # Readers take files in the order of their names: the nanoseconds keep those of one second apart.
            path = os.path.join(self._folder, "events")
            self._writer = EventsWriter(path, f".{time.time_ns()}")
        return self._writer

    def _guarded(self, action) -> None:
        try:
            action()
        except OSError as error:
            logging.warning(
                "TensorBoard's events in %s cannot be written (%s): the curves get a gap, training goes on",
                self._folder,
                error.strerror or error,
            )
            broken, self._writer = self._writer, None
            self._closed_until = time.monotonic() + RETRY_SECONDS
            with contextlib.suppress(OSError, AttributeError):
                broken.close()
