"""Which example stands at which position of an endless mixture of sources: a pure function of the seed.

Positions are global: example `position % batch_size` of step `position // batch_size`. Hosts and
worker processes each make their positions, so their number does not change what is made.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

PERIOD = 1024
"""Positions after which every source has had its share exactly; 1 / 1024 is the smallest share."""


@functools.lru_cache(maxsize=16)
def permutation(seed: int, source: int, epoch: int, count: int) -> np.ndarray:
    """The order of a source's examples in an epoch."""
    return np.random.default_rng([seed, source, epoch]).permutation(count)


@functools.lru_cache(maxsize=16)
def schedule(seed: int, period: int, shares: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """For each position of a period `[PERIOD]`: its source, and how many of that source came before it."""
    owners = np.repeat(np.arange(len(shares)), shares)
    owners = np.random.default_rng([seed, len(shares), period, 1]).permutation(owners)
    before = np.zeros(PERIOD, np.int64)
    for source in range(len(shares)):
        mine = owners == source
        before[mine] = np.arange(mine.sum())
    return owners, before


def shares_of(weights: Sequence[float]) -> tuple[int, ...]:
    """Positions of a period for each source, at least one, by largest remainder."""
    exact = np.asarray(weights, np.float64) / sum(weights) * PERIOD
    shares = np.maximum(np.floor(exact).astype(int), 1)
    while (missing := PERIOD - shares.sum()) != 0:
        due = exact - shares
        source = int(np.argmax(due if missing > 0 else np.where(shares > 1, -due, -np.inf)))
        shares[source] += 1 if missing > 0 else -1
    return tuple(shares.tolist())


@dataclasses.dataclass(frozen=True)
class Mixture:
    """Sources of `counts` examples (None: endless), drawn in proportion to `weights`."""

    counts: tuple[int | None, ...]
    weights: tuple[float, ...]
    seed: int
    shuffled: bool = True

    def locate(self, position: int) -> tuple[int, int]:
        """The source at a position, and how many of its examples came before."""
        shares = shares_of(self.weights)
        if len(shares) == 1:
            return 0, position
        period, within = divmod(position, PERIOD)
        owners, before = schedule(self.seed, period, shares)
        source = int(owners[within])
        return source, period * shares[source] + int(before[within])

    def row(self, source: int, number: int) -> int:
        """The row of the `number`-th example taken from a source: each once per epoch, in a drawn order."""
        count = self.counts[source]
        if count is None:
            return number
        epoch, within = divmod(number, count)
        return int(permutation(self.seed, source, epoch, count)[within]) if self.shuffled else within
