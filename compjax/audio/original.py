"""A clip as it came: at its own sampling rate, left and right, read again a stretch at a time.

Clips are heard at 24 kHz in one channel. What lies above 12 kHz, and between left and right, is read from the
file where it is needed: the few seconds that an instrument is made of.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from compjax.audio.downmix import Downmix
from compjax.audio.loudness import integrated, step_powers
from compjax.audio.transforms import fourier
from compjax.audio.transforms.stft import frame, hann

AUDIBLE = 20.0
"""Hz below which nothing of a stretch is kept."""

_SIZE = 4096  # samples of the spectra by which the sides are held below the middle


@dataclasses.dataclass(frozen=True, eq=False)
class Original:
    """Where a clip came from.

    Attributes:
        rate: Hz.
        frames: samples of each channel.
        mix: how its channels became one.
        part: blocks `[n, C]` of so many samples from a sample on.
    """

    rate: int
    frames: int
    mix: Downmix
    part: Callable[[int, int], Iterator[np.ndarray]]

    @property
    def channels(self) -> int:
        """2 if it has left and right that differ, else 1."""
        return 2 if self.mix.wide else 1

    def stretch(self, begin: float, seconds: float, rate: int, channels: int) -> np.ndarray:
        """A stretch `[S, channels]` from `begin` seconds on at `rate` Hz; zeros where the clip has ended.

        With two channels, neither is turned against the other, and in no band are the sides louder than the
        middle, so that their sum does not cancel.
        """
        first, count = round(begin * self.rate), round(seconds * self.rate)
        blocks = list(self._channels(first, count, channels))
        sound = np.concatenate([*blocks, np.zeros((0, channels), np.float32)])
        if self.rate != rate and len(sound):
            import soxr

            sound = soxr.resample(sound, self.rate, rate, quality="VHQ")
        sound = sound[: round(seconds * rate)]
        sound = np.pad(sound, ((0, round(seconds * rate) - len(sound)), (0, 0)))
        return compatible(_audible(sound, rate))

    def _channels(self, first: int, count: int, channels: int) -> Iterator[np.ndarray]:
        """One channel, or left and right, blocks `[n, channels]`; the same twice where they do not differ."""
        if channels == 1 or self.channels == 1:
            blocks = self.mix.mixed(self.part(first, count), first)
            return (np.repeat(block[:, None], channels, axis=1) for block in blocks)
        return self.mix.channels(self.part(first, count), first, np.diag(np.sign(self.mix.weights)))

    @property
    def recorded(self) -> int:
        """Channels of the recording, whether they differ or not."""
        return len(self.mix.weights)

    def loudness(self) -> float:
        """Integrated loudness in LKFS of what is recorded (ITU-R BS.1770-4): the same twice is 3 dB more."""
        whole = 0, self.frames
        few = self.recorded <= 2
        blocks = self.mix.bridged(self.part(*whole)) if few else self._channels(*whole, self.channels)
        return integrated(step_powers(blocks, self.rate))


def _audible(sound: np.ndarray, rate: int) -> np.ndarray:
    """Sound `[S, C]` without a constant or what moves like one."""
    size = fourier.fast_size(len(sound))
    spectra = fourier.rfft(sound.T, size)
    hz = np.fft.rfftfreq(size, 1.0 / rate)
    spectra *= np.clip(2.0 * hz / AUDIBLE - 1.0, 0.0, 1.0)
    return fourier.irfft(spectra, size)[:, : len(sound)].T.astype(np.float32)


def middle_and_side(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half the sum and half the difference of left and right `[S, 2]`, `[S]` each."""
    return 0.5 * (sound[:, 0] + sound[:, 1]), 0.5 * (sound[:, 0] - sound[:, 1])


def band_powers(parts: tuple[np.ndarray, ...], size: int = _SIZE) -> np.ndarray:
    """Mean cross powers `[P, P, size // 2 + 1]` of spectra of `P` sounds `[S]`."""
    window, hop = hann(size), size // 2
    padded = [np.pad(part, (size // 2, size)) for part in parts]
    spectra = np.stack([fourier.rfft(frame(part, size, hop) * window) for part in padded])
    return np.einsum("ptf,qtf->pqf", spectra, spectra.conj()) / spectra.shape[1]


def smoothed(powers: np.ndarray, share: float = 0.12) -> np.ndarray:
    """Powers `[..., F]` averaged over neighbours within `share` of each frequency."""
    size = powers.shape[-1]
    summed = np.cumsum(powers, axis=-1, dtype=np.float64)  # high bands may lie 100 dB below low ones
    total = np.concatenate([np.zeros((*powers.shape[:-1], 1)), summed], axis=-1)
    place = np.arange(size)
    low = np.floor(place * (1.0 - share)).astype(int)
    high = np.minimum(np.ceil(place * (1.0 + share)).astype(int) + 1, size)
    return (total[..., high] - total[..., low]) / (high - low)


def compatible(sound: np.ndarray) -> np.ndarray:
    """Left and right `[S, 2]` whose sides are nowhere louder than their middle; other sound as it is."""
    if sound.shape[1] != 2 or not sound.any():
        return sound
    middle, side = middle_and_side(sound)
    powers = band_powers((middle, side)).real
    gains = np.sqrt(np.minimum(smoothed(powers[0, 0]) / np.maximum(smoothed(powers[1, 1]), 1e-20), 1.0))
    if gains.min() >= 1.0:
        return sound
    spectrum = fourier.rfft(side)
    spectrum *= np.interp(np.linspace(0.0, 1.0, spectrum.size), np.linspace(0.0, 1.0, gains.size), gains)
    side = fourier.irfft(spectrum, side.size).astype(np.float32)
    return np.stack([middle + side, middle - side], axis=1)
