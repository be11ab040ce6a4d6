"""One channel of many: chosen so that channels do not cancel, and samples beyond all bounds do no harm."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

CANCELLING = 0.25
"""Power of the channels' average, as a share of what unrelated channels would give, that is too little."""

FAR_BEYOND = 1e3
"""Samples of this many times full scale are looked at: nothing that was recorded reaches 60 dB over it."""

OUTLIER = 100.0
"""Of those, samples this many times larger than nearly all others are damage, not music."""

HUGE = 1e6
"""Where all samples are larger than this many times full scale, they are brought down to it."""

NEARLY_ALL = 0.999

SAME = 1e-6
"""Power of two channels' difference, as a share of their sum's, up to which they are the same: -60 dB."""


@dataclasses.dataclass(frozen=True)
class Downmix:
    """How blocks `[n, C]` become one channel `[n]`.

    Attributes:
        weights: `[C]` of the channels.
        bound: magnitude at which samples are cut off.
        gain: of the result.
        remarks: what there is to say about it.
        wide: whether there are two channels, and they differ.
    """

    weights: np.ndarray
    bound: float = np.inf
    gain: float = 1.0
    remarks: tuple[str, ...] = ()
    wide: bool = False

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """The one channel of a block, float32."""
        bounded = block if self.bound == np.inf else np.clip(block, -self.bound, self.bound)
        return (bounded.astype(np.float64) @ self.weights * self.gain).astype(np.float32)


def average(channels: int) -> Downmix:
    """The mean of the channels."""
    return Downmix(np.full(channels, 1.0 / channels))


class Survey:
    """What must be known of a whole clip before its channels are mixed."""

    def __init__(self, channels: int):
        """For blocks of so many channels."""
        self.frames, self.peak = 0, 0.0
        self._total = np.zeros(channels)
        self._gram = np.zeros((channels, channels))
        self._exponents: dict[int, int] = {}  # samples by the power of two that they are below

    def watch(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The blocks `[n, C]`, each looked at."""
        for block in blocks:
            samples = block.astype(np.float64)
            self.frames += len(samples)
            self.peak = max(self.peak, float(np.abs(samples).max(initial=0.0)))
            found, counts = np.unique(np.frexp(samples[samples != 0.0])[1], return_counts=True)
            for exponent, count in zip(found.tolist(), counts.tolist(), strict=True):
                self._exponents[exponent] = self._exponents.get(exponent, 0) + count
            with np.errstate(over="ignore", invalid="ignore"):
                self._total += samples.sum(axis=0)
                self._gram += samples.T @ samples
            yield block

    def downmix(self) -> Downmix:
        """How the channels are best mixed."""
        bound = self._bound()
        largest = min(self.peak, bound)
        gain = HUGE / largest if largest > HUGE else 1.0
        weights, remarks = self._weights()
        if bound < self.peak:
            remarks.append(
                f"samples of up to {self.peak:.0e} times full scale, far beyond all others, were cut off"
            )
        return Downmix(weights, bound, gain, tuple(remarks), self._is_wide(weights))

    def _is_wide(self, weights: np.ndarray) -> bool:
        """Whether there are two channels whose difference is more than `SAME` of their sum."""
        if weights.size != 2 or not np.isfinite(self._gram).all():
            return False
        turned = weights * np.array([1.0, -1.0])
        return bool(turned @ self._gram @ turned > SAME * (weights @ self._gram @ weights))

    def _bound(self) -> float:
        """Where samples are cut off: `OUTLIER` times what nearly all of them are below."""
        if self.peak < FAR_BEYOND:
            return np.inf
        counts = sorted(self._exponents.items())
        reached = np.cumsum([count for _, count in counts])
        exponent = counts[int(np.searchsorted(reached, NEARLY_ALL * reached[-1]))][0]
        bound = OUTLIER * 2.0**exponent
        return bound if bound < self.peak else np.inf

    def _weights(self) -> tuple[np.ndarray, list[str]]:
        """The channels' weights: their mean, or where that cancels, with some turned over."""
        count = len(self._total)
        even = np.full(count, 1.0 / count)
        with np.errstate(over="ignore", invalid="ignore"):
            covariance = self._gram - np.outer(self._total, self._total) / max(self.frames, 1)
        unrelated = np.trace(covariance) / count**2
        if count == 1 or not np.isfinite(covariance).all() or unrelated <= 0.0:
            return even, []
        if even @ covariance @ even >= CANCELLING * unrelated:
            return even, []
        main = np.linalg.eigh(covariance)[1][:, -1]
        signs = np.where(main * main[np.abs(main).argmax()] < 0.0, -1.0, 1.0)
        turned = " and ".join(str(place + 1) for place in np.flatnonzero(signs < 0.0))
        return signs / count, [
            f"its channels cancel each other; channel {turned} was turned over before they were averaged"
        ]
