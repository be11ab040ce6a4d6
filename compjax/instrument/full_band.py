"""What a model that was heard at 24 kHz in one channel needs to play all that its clip has.

Above the bands: power by band, so that playing the clip's own notes gives what the clip has there. Between
left and right: how far each band is panned and how wide it is, from the powers of middle and sides. A wide
band's sides are the middle through a filter of random phase (a decorrelator), so the sum of left and right is
the middle itself and nothing cancels.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from compjax.audio.original import band_powers, middle_and_side, smoothed
from compjax.audio.transforms import fourier
from compjax.hearing.excerpt import FullBand
from compjax.instrument.envelopes import HIGHEST, Air


@dataclasses.dataclass(frozen=True)
class FullBandConfig:
    """How it is measured.

    Attributes:
        step: Hz from one band above the heard ones to the next.
        size: samples of the spectra.
        near: share of a frequency up to which its neighbours count for where it lies.
        most: natural log of power by which a band is made louder at most.
        taps: samples of the filter of the sides; a quarter of them lie before what they belong to.
        spread: seconds over which a decorrelator spreads a sound.
    """

    step: float = 1000.0
    size: int = 4096
    near: float = 0.26
    most: float = 9.0
    taps: int = 2048
    spread: float = 0.012


CONFIG = FullBandConfig()


def middle_of(sound: np.ndarray) -> np.ndarray:
    """Sound `[S, C]` in one channel, `[S]`."""
    return sound.mean(axis=1)


def air_of(full: FullBand, made: np.ndarray, config: FullBandConfig = CONFIG) -> Air:
    """What an instrument has above its bands.

    Args:
        full: the clip.
        made: `[S]` what the instrument makes of the clip's own notes at that rate, going on as its last band.
        config: how it is measured.
    """
    hz = np.fft.rfftfreq(config.size, 1.0 / full.rate)
    wanted, got = (band_powers((sound,), config.size)[0, 0].real for sound in (middle_of(full.audio), made))
    edges = np.arange(HIGHEST, 0.49 * full.rate, config.step)
    place = np.digitize(hz, edges)
    power = [
        np.log((wanted[place == band].mean() + 1e-20) / (got[place == band].mean() + 1e-20))
        for band in range(1, len(edges) + 1)
    ]
    centres = edges + 0.5 * config.step
    centres[0] = HIGHEST + 0.25 * config.step
    return Air(np.array([HIGHEST, *centres]), np.clip([0.0, *power], -np.inf, config.most))


@dataclasses.dataclass(frozen=True, eq=False)
class Image:
    """How a sound lies between left and right: the filter `[N]` that makes its sides of its middle."""

    taps: np.ndarray

    def spread(self, sound: np.ndarray) -> np.ndarray:
        """Left and right `[S, 2]` of a middle `[S]`."""
        before = len(self.taps) // 4
        size = 1 << (len(sound) + len(self.taps)).bit_length()
        side = fourier.irfft(fourier.rfft(sound, size) * fourier.rfft(self.taps, size), size)
        side = side[before : before + len(sound)].astype(np.float32)
        return np.stack([sound + side, sound - side], axis=1)


def image_of(full: FullBand, config: FullBandConfig = CONFIG) -> Image:
    """Where the bands of a clip `[S, 2]` lie, and how wide they are."""
    powers = band_powers(middle_and_side(full.audio), config.taps)
    middle, side, both = (smoothed(powers[at].real, config.near) for at in ((0, 0), (1, 1), (1, 0)))
    middle = np.maximum(middle, 1e-9 * middle.max() + 1e-20)
    panned = np.clip(both / middle, -1.0, 1.0)
    wide = np.sqrt(np.clip(side / middle - panned**2, 0.0, 1.0 - panned**2))
    taps = fourier.irfft(panned + wide * _decorrelator(full.rate, config), config.taps)
    fade = config.taps // 8
    window = np.ones(config.taps)
    window[:fade], window[-fade:] = np.linspace(0.0, 1.0, fade), np.linspace(1.0, 0.0, fade)
    return Image((np.roll(taps, config.taps // 4) * window).astype(np.float32))


@functools.lru_cache(maxsize=4)
def _decorrelator(rate: int, config: FullBandConfig) -> np.ndarray:
    """A response `[N // 2 + 1]` of magnitude 1 with the phases of noise that dies away; always the same."""
    time = np.arange(config.taps // 2) / rate
    noise = np.random.default_rng(0).standard_normal(time.size) * np.exp(-time / config.spread)
    response = fourier.rfft(noise, config.taps)
    return response / np.maximum(np.abs(response), 1e-9)
