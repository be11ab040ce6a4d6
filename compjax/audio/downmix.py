"""One channel of many: chosen so that channels do not cancel, and stray samples do no harm.

Channels that cancel throughout are turned over. Where they cancel in a stretch or a band only they are turned
there: a clip is looked at in cells, a quarter of a second by a third of an octave, and windows that overlap
(a root of Hann's, half) make the way from one to the other soft.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from compjax.audio.mending.strays import Magnitudes, bridged
from compjax.audio.transforms import fourier
from compjax.audio.transforms.stft import hann
from compjax.errors import UserError

CANCELLING = 0.25
"""Power of the channels' average, as a share of what unrelated channels would give, that is too little."""

HUGE = 1e6
"""Where all samples are larger than this many times full scale, they are brought down to it."""

SAME = 1e-6
"""Power of two channels' difference, as a share of their sum's, up to which they are the same: -60 dB."""

ENOUGH = 0.02
"""Share of the clip's power that cancels in cells from which any are turned."""

ALMOST_WHOLE = 0.9
"""Share from which all of it is: then the channel is turned as a whole (`downmix`)."""

CELL, SIZE = 0.25, 2048
"""Seconds of a cell; samples of a window."""

LASTING = 8
"""Cells, two seconds, for which a band that was inverted cancels."""

FAINT = 1e-7
"""Power of a cell beside the clip's loudest that says nothing: -70 dB."""

LOUD = 0.5
"""Of the power of the loudest channel: the first that has as much is not turned."""

FIRST_EDGE, LAST_EDGE = 60.0, 16_000.0


@dataclasses.dataclass(frozen=True, eq=False)
class Turns:
    """Where channels are turned over.

    Attributes:
        signs: `[cells, bands, C]`, 1 or -1.
        cell: samples of a cell.
        bands: the band of each frequency of a window, `[SIZE // 2 + 1]`.
        remark: what there is to say about it.
    """

    signs: np.ndarray
    cell: int
    bands: np.ndarray
    remark: str

    def turned(self, blocks: Iterable[np.ndarray], first: int = 0) -> Iterator[np.ndarray]:
        """The blocks `[n, C]`, of which the first begins at sample `first`, with channels turned."""
        hop, window = SIZE // 2, np.sqrt(hann(SIZE))[:, None]
        skip, left = hop + first % hop, 0  # windows begin where they do when the clip is read from its start
        place = first - skip
        waiting = total = None
        for block in itertools.chain(blocks, [None]):
            if waiting is None:
                if block is None:
                    return
                waiting, total = np.zeros((skip, block.shape[1])), np.zeros((SIZE, block.shape[1]))
            left += 0 if block is None else len(block)
            waiting = np.concatenate(
                [waiting, np.zeros((2 * SIZE, total.shape[1])) if block is None else block]
            )
            made = [np.zeros((0, total.shape[1]))]
            while len(waiting) >= SIZE:
                made.append(self._window(waiting[:SIZE], window, total, place))
                waiting, place = waiting[hop:], place + hop
            made = np.concatenate(made)
            given = made[skip : skip + left]
            skip, left = max(0, skip - len(made)), left - len(given)
            yield given

    def _window(self, samples: np.ndarray, window: np.ndarray, total: np.ndarray, place: int) -> np.ndarray:
        """Half a window of output: `total` holds what earlier windows give, and is moved on."""
        cell = np.clip((place + SIZE // 2) // self.cell, 0, len(self.signs) - 1)
        spectrum = fourier.rfft(samples * window, axis=0) * self.signs[cell][self.bands]
        total += fourier.irfft(spectrum, SIZE, axis=0) * window
        made = total[: SIZE // 2].copy()
        total[:] = np.concatenate([total[SIZE // 2 :], np.zeros_like(made)])
        return made


@dataclasses.dataclass(frozen=True)
class Downmix:
    """How blocks `[n, C]` become one channel `[n]`.

    Attributes:
        weights: `[C]` of the channels.
        bound: magnitude from which samples are strays; None where there are none.
        gain: of the result.
        remarks: what there is to say about it.
        wide: whether there are two channels, and they differ.
        turns: where channels are turned over that cancel in places only.
    """

    weights: np.ndarray
    bound: float | None = None
    gain: float = 1.0
    remarks: tuple[str, ...] = ()
    wide: bool = False
    turns: Turns | None = None

    def mixed(self, blocks: Iterable[np.ndarray], first: int = 0) -> Iterator[np.ndarray]:
        """The one channel of blocks that follow each other from sample `first` on, float32."""
        return self.channels(blocks, first, self.weights)

    def channels(self, blocks: Iterable[np.ndarray], first: int, weights: np.ndarray) -> Iterator[np.ndarray]:
        """The same of other weights `[C]` or `[C, K]`: blocks `[n]` or `[n, K]`."""
        bridged_blocks = self.bridged(blocks)
        turned = self.turns.turned(bridged_blocks, first) if self.turns else bridged_blocks
        return ((b.astype(np.float64) @ weights * self.gain).astype(np.float32) for b in turned)

    def bridged(self, blocks: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
        """The blocks without stray samples."""
        return blocks if self.bound is None else bridged(blocks, self.bound)


def surveyed(blocks: Callable[[], Iterable[np.ndarray]], channels: int, rate: int, name: str) -> Downmix:
    """How the blocks `[n, C]` at `rate` Hz, which can be read twice, are best mixed; `name` is for messages.

    Raises:
      UserError: if more samples are no numbers than can be bridged.
    """
    survey = Survey(channels, rate)
    survey.add(blocks())
    magnitudes = survey.magnitudes
    if magnitudes.first_of_many is not None:
        where = f"samples after {magnitudes.first_of_many / rate:.0f} seconds"
        raise UserError(f"{name}: {where} are not numbers (NaN or infinite); export it again")
    if not magnitudes.strays:
        return survey.downmix()
    survey = Survey(channels, rate)
    survey.add(bridged(blocks(), magnitudes.bound))
    mix = survey.downmix()
    return dataclasses.replace(mix, bound=magnitudes.bound, remarks=(*mix.remarks, magnitudes.remark))


def average(channels: int) -> Downmix:
    """The mean of the channels."""
    return Downmix(np.full(channels, 1.0 / channels))


class Survey:
    """What must be known of a whole clip before its channels are mixed."""

    def __init__(self, channels: int, rate: int):
        """For blocks of so many channels at `rate` Hz."""
        self.frames, self.magnitudes = 0, Magnitudes()
        self._total = np.zeros(channels)
        self._gram = np.zeros((channels, channels))
        self._cells = CellSurvey(channels, rate) if channels > 1 else None

    def add(self, blocks: Iterable[np.ndarray]) -> None:
        """Look at the next blocks `[n, C]`."""
        for block in blocks:
            samples = block.astype(np.float64)
            self.frames += len(samples)
            self.magnitudes.add(samples)
            with np.errstate(over="ignore", invalid="ignore"):
                self._total += samples.sum(axis=0)
                self._gram += samples.T @ samples
                if self._cells is not None:
                    self._cells.add(samples)

    def downmix(self) -> Downmix:
        """How the channels are best mixed."""
        gain = min(1.0, HUGE / max(self.magnitudes.peak, HUGE))
        turns = self._cells.turns() if self._cells else None
        weights, remarks = (average(len(self._total)).weights, [turns.remark]) if turns else self._weights()
        return Downmix(weights, None, gain, tuple(remarks), self._is_wide(weights), turns)

    def _is_wide(self, weights: np.ndarray) -> bool:
        """Whether there are two channels whose difference is more than `SAME` of their sum."""
        if weights.size != 2 or not np.isfinite(self._gram).all():
            return False
        turned = weights * np.array([1.0, -1.0])
        return bool(turned @ self._gram @ turned > SAME * (weights @ self._gram @ weights))

    def _weights(self) -> tuple[np.ndarray, list[str]]:
        """The channels' weights: their mean, or where that cancels, with some turned over."""
        count = len(self._total)
        even = np.full(count, 1.0 / count)
        with np.errstate(over="ignore", invalid="ignore"):
            covariance = self._gram - np.outer(self._total, self._total) / max(self.frames, 1)
        if count == 1 or not np.isfinite(covariance).all() or np.trace(covariance) <= 0.0:
            return even, []
        signs = _uncancelled(covariance)
        if (signs > 0.0).all():
            return even, []
        turned = _turned(np.flatnonzero(signs < 0.0) + 1)
        return signs / count, [f"its channels cancel each other; {turned} before they were averaged"]


def _turned(channels: np.ndarray) -> str:
    """What was done to channels, counted from 1: channels 2, 4 and 6 were turned over."""
    *before, last = map(str, channels)
    named = f"channels {', '.join(before)} and {last} were" if before else f"channel {last} was"
    return f"{named} turned over"


def _uncancelled(covariance: np.ndarray) -> np.ndarray:
    """Signs `[C]` of channels of a covariance `[C, C]` by which they do not cancel; all 1 where none do.

    Where their average is too weak, the signs of the main direction; else two of many may cancel each other
    beside others that drown them, and of those the later is turned.
    """
    count = len(covariance)
    if covariance.sum() < CANCELLING * np.trace(covariance):
        main = np.linalg.eigh(covariance)[1][:, -1]
        return np.where(main * main[np.abs(main).argmax()] < 0.0, -1.0, 1.0)
    signs = np.ones(count)
    power = np.diagonal(covariance)
    for later in range(1, count):
        scale = np.maximum(0.5 * (power[:later] + power[later]), 1e-30)
        if (signs[:later] * covariance[later, :later] / scale).min() <= CANCELLING - 1.0:
            signs[later] = -1.0
    return signs


class CellSurvey:
    """Cross powers of a clip's channels by cell."""

    def __init__(self, channels: int, rate: int):
        """For blocks of so many channels at `rate` Hz."""
        self._cell = round(CELL * rate)
        hz = np.fft.rfftfreq(SIZE, 1.0 / rate)
        edges = FIRST_EDGE * 2.0 ** np.arange(0.0, np.log2(LAST_EDGE / FIRST_EDGE), 1 / 3)
        self._bands = np.searchsorted(edges, hz, side="right")
        _, self._bands = np.unique(self._bands, return_inverse=True)  # those that have no frequency go
        self._starts = np.flatnonzero(np.diff(self._bands, prepend=-1))
        self._edges = np.append(hz[self._starts], rate / 2)
        self._waiting = np.zeros((0, channels))
        self._powers: list[np.ndarray] = []

    def add(self, samples: np.ndarray) -> None:
        """Look at the next samples `[n, C]`."""
        self._waiting = np.concatenate([self._waiting, samples])
        while len(self._waiting) >= self._cell:
            self._powers.append(self._cross_powers(self._waiting[: self._cell]))
            self._waiting = self._waiting[self._cell :]

    def _cross_powers(self, samples: np.ndarray) -> np.ndarray:
        """Real cross powers `[bands, C, C]` of a cell."""
        hop = SIZE // 2
        count = max(1, (len(samples) - SIZE) // hop + 1)
        padded = np.pad(samples, ((0, max(0, SIZE - len(samples))), (0, 0)))
        windows = np.stack([padded[i * hop : i * hop + SIZE] for i in range(count)])
        spectra = fourier.rfft(windows * hann(SIZE)[None, :, None], axis=1)
        spectra[:, :2] = 0.0  # a constant, which the window spreads over two
        powers = np.einsum("tfc,tfd->fcd", spectra, spectra.conj()).real
        return np.add.reduceat(powers, self._starts, axis=0)

    def turns(self) -> Turns | None:
        """Where channels are best turned; None where they cancel nowhere, or everywhere."""
        if not self._powers:
            return None
        powers = np.stack(self._powers)
        own = np.diagonal(powers, axis1=2, axis2=3)  # [cells, bands, C]
        if not np.isfinite(powers).all() or not own.any():
            return None
        loud = own.sum(axis=(0, 1))
        main = int(np.flatnonzero(loud > LOUD * loud.max())[0])
        around = sum(np.pad(powers, ((1, 1), (0, 0), (0, 0), (0, 0)))[i : i + len(powers)] for i in range(3))
        power = np.diagonal(around, axis1=2, axis2=3)
        scale = 0.5 * (power + power[..., main : main + 1])
        alike = around[:, :, main, :] / np.maximum(scale, 1e-30)
        heard = power[..., main] > FAINT * power.max()
        alike = np.where(heard[..., None], alike, 0.0)
        cancels = _lasting(alike <= CANCELLING - 1.0, heard)
        share = float((own.sum(axis=2)[cancels.any(axis=2)]).sum() / own.sum())
        if not ENOUGH <= share < ALMOST_WHOLE:
            return None
        for _ in range(2):  # on to neighbours that cancel a little: the cell in which it changes
            near = np.zeros_like(cancels)
            near[1:] |= cancels[:-1]
            near[:-1] |= cancels[1:]
            cancels = cancels | near & (alike < 0.0)
        return Turns(
            np.where(cancels, -1.0, 1.0),
            self._cell,
            self._bands,
            self._told(cancels.any(axis=2), heard, np.flatnonzero(cancels.any(axis=(0, 1))) + 1),
        )

    def _told(self, cancels: np.ndarray, heard: np.ndarray, channels: np.ndarray) -> str:
        """Where channels were turned in words, of `[cells, bands]`."""
        by_time = cancels.sum(axis=1) > 0.5 * np.maximum(heard.sum(axis=1), 1)
        by_band = cancels.sum(axis=0) > 0.5 * np.maximum(heard.sum(axis=0), 1)
        if by_time.any():
            where = f"for {CELL * by_time.sum():.1f} of {CELL * len(by_time):.1f} s"
        elif by_band.any():
            first, last = np.flatnonzero(by_band)[[0, -1]]
            where = f"between {self._edges[first]:.0f} and {self._edges[last + 1]:.0f} Hz"
        else:
            where = "in places"
        return f"its channels cancel each other {where}; {_turned(channels)} there"


def _lasting(cancels: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Of cells that cancel `[cells, bands, C]` where a part is inverted: wide sound cancels by chance.

    They last for `LASTING` cells, silence between them counting, or take in most of what is heard at a time.
    """
    most = (cancels & heard[..., None]).sum(axis=1) > 0.5 * np.maximum(heard.sum(axis=1), 1)[:, None]
    length = min(LASTING, len(cancels))
    going_on = np.lib.stride_tricks.sliding_window_view(cancels | ~heard[..., None], length, axis=0).all(
        axis=-1
    )
    lasting = np.zeros_like(cancels)
    for step in range(length):
        lasting[step : step + len(going_on)] |= going_on
    return cancels & (lasting | most[:, None])
