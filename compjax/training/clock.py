"""How fast training goes, and how much of the time it waits."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class Clock:
    """Throughput, and the share of time spent waiting for data, since the last report."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._restart(None)

    def _restart(self, step: int | None) -> None:
        self._since, self._step, self._waited = time.monotonic(), step, 0.0

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Counts what happens inside as waiting."""
        begun = time.monotonic()
        yield
        self._waited += time.monotonic() - begun

    def rates(self, step: int) -> dict[str, float]:
        """Clips per second and the share of waiting since the last call; nothing at the first one."""
        elapsed = max(time.monotonic() - self._since, 1e-9)
        rates = {}
        if self._step is not None:  # the first stretch holds the compilation
            rates["clips_per_second"] = (step - self._step) * self._batch_size / elapsed
            rates["data_wait"] = self._waited / elapsed
        self._restart(step)
        return rates
