"""Single samples that are no sound: not numbers, or far beyond all others. What lies around bridges them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

FAR_BEYOND = 100.0
"""Samples of this many times full scale are looked at: nothing that was recorded reaches 40 dB over it."""

OUTLIER = 2**7
"""Of those, samples this many times larger than nearly all others are damage, not music."""

NEARLY_ALL = 0.999

FEW = 100
"""Where fewer samples than so many are not zero, all that are far beyond full scale are strays."""

NUMBERS = float(np.finfo(np.float64).max)
"""Bound within which all numbers are."""

_EXPONENTS, _LOWEST = 2**11, -1022
"""Exponents of float64 as its bits count them, from 1, and what is added to get those of `frexp`."""

_LONGEST = 480_000  # samples that wait for the other end of what is bridged


class Magnitudes:
    """How large a clip's samples are, and how many are strays."""

    def __init__(self):
        self.peak = 0.0
        self._frames = self._samples = self._not_numbers = 0
        self._counts = np.zeros(_EXPONENTS, np.int64)  # of samples by the power of two that they are below
        self._first: int | None = None

    def add(self, samples: np.ndarray) -> None:
        """Look at the next samples `[n, C]`."""
        numbers = np.isfinite(samples)
        if not numbers.all():
            first = self._frames + int(np.flatnonzero(~numbers.all(axis=1))[0])
            self._first = first if self._first is None else self._first
            self._not_numbers += int(np.sum(~numbers))
            samples = np.where(numbers, samples, 0.0)
        self._frames, self._samples = self._frames + len(samples), self._samples + samples.size
        self.peak = max(self.peak, float(np.abs(samples).max(initial=0.0)))
        bits = np.ascontiguousarray(samples, np.float64).view(np.int64).ravel()
        self._counts += np.bincount(bits >> 52 & _EXPONENTS - 1, minlength=_EXPONENTS)

    def _exponents(self) -> tuple[np.ndarray, np.ndarray]:
        """Powers of two that samples other than 0 are below, and how many are below each and no lower one."""
        found = np.flatnonzero(self._counts[1:]) + 1
        return found + _LOWEST, self._counts[found]

    @property
    def bound(self) -> float:
        """Magnitude beyond which samples are strays: `OUTLIER` times what nearly all of them are below."""
        if self.peak < FAR_BEYOND:
            return NUMBERS
        exponents, counts = self._exponents()
        reached = np.cumsum(counts)
        if reached[-1] < FEW:
            return FAR_BEYOND
        exponent = int(exponents[np.searchsorted(reached, NEARLY_ALL * reached[-1])])
        return min(OUTLIER * 2.0 ** min(exponent, 1_000), NUMBERS)

    @property
    def strays(self) -> int:
        """Samples of all channels that are not numbers, or beyond the bound."""
        exponents, counts = self._exponents()
        return self._not_numbers + int(counts[2.0 ** (exponents - 1.0) >= self.bound].sum())

    @property
    def first_of_many(self) -> int | None:
        """Where the first sample is that is not a number, if there are too many to be bridged; else None."""
        return self._first if self._not_numbers > (1.0 - NEARLY_ALL) * self._samples else None

    @property
    def remark(self) -> str:
        """What there is to say of the strays."""
        count, samples = self.strays, "samples that are"
        if count == 1:
            samples = "sample that is"
        no_numbers = "no number" if count == 1 else "not numbers"
        kinds = [no_numbers] if self._not_numbers else []
        kinds += ["far beyond all others"] if count > self._not_numbers else []
        return f"{count} {samples} {' or '.join(kinds)} became what lies around"


def bridged(blocks: Iterable[np.ndarray], bound: float) -> Iterator[np.ndarray]:
    """The blocks `[n, C]`, with straight lines over what is beyond `bound` or no number, in each channel.

    Blocks that end within such a stretch are joined to those that follow.
    """
    before = waiting = None
    for block in blocks:
        waiting = np.asarray(block, np.float64) if waiting is None else np.concatenate([waiting, block])
        strays = ~(np.abs(waiting) <= bound)
        if not len(waiting) or (strays[-1].any() and len(waiting) < _LONGEST):
            continue
        yield _joined(before, waiting, strays)
        before, waiting = np.where(strays[-1:], 0.0, waiting[-1:]), None
    if waiting is not None:
        yield _joined(before, waiting, ~(np.abs(waiting) <= bound))


def _joined(before: np.ndarray | None, samples: np.ndarray, strays: np.ndarray) -> np.ndarray:
    """Samples `[n, C]` without strays; `before` is the one `[1, C]` that came before them."""
    if not strays.any():
        return samples
    if before is not None:
        samples = np.concatenate([before, samples])
        strays = np.concatenate([np.zeros_like(strays[:1]), strays])
    made, places = samples.copy(), np.arange(len(samples))
    for channel, bad in enumerate(strays.T):
        good = ~bad
        near = np.interp(places[bad], places[good], samples[good, channel]) if good.any() else 0.0
        made[bad, channel] = near
    return made if before is None else made[1:]
