"""Frequencies of partials, read off the bands between which they fall.

A steady partial excites neighbouring bands in proportions that depend on its frequency alone. They
are calibrated once on pure sines, so a peak's place is known to a few cents although the
bands are 80 cents apart and the bins of the inverse STFT, at low pitches, half an octave.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec.vocos import bands
from compjax.constants import HOP_LENGTH, LATENT_SIZE, SAMPLE_RATE

TABLE = 65  # entries of a band's table
PROBES = 49  # sines per band
PROMINENCE = 1.5  # nepers that a clear peak stands above the higher of the valleys beside it
VALLEY = 4  # bands on either side in which a valley is looked for
REACH = 2.5  # bins on either side of a partial that its main lobe fills


def lobe(distance: np.ndarray) -> np.ndarray:
    """Power of a unit sine in a Hann-windowed spectrum, `distance` bins away; 0 beyond 4 bins."""
    near = np.where(np.abs(np.abs(distance) - 1.0) < 1e-6, np.abs(distance) + 1e-4, distance)
    return np.where(np.abs(distance) < 4.0, (np.sinc(near) / (1.0 - near**2)) ** 2, 0.0)


@functools.lru_cache(maxsize=4)
def calibration(config: bands.BandConfig) -> tuple[np.ndarray, np.ndarray]:
    """Tables from `balance` to a sine's place, in bands from a peak's centre.

    Returns:
      The largest balance of each band, `[128]`, and the places for `TABLE` balances from minus to
      plus the largest, `[128, TABLE]`.
    """
    centers = bands.center_frequencies(config)
    inner = np.arange(1, LATENT_SIZE - 1)
    place = inner[:, None] + np.linspace(-0.75, 0.75, PROBES)[None, :]
    hertz = np.exp(np.interp(place, np.arange(LATENT_SIZE), np.log(centers)))
    largest = np.ones(LATENT_SIZE, np.float32)
    table = np.zeros((LATENT_SIZE, TABLE), np.float32)
    for j, sines in zip(inner, hertz, strict=True):
        measured = balance(*(_response(sines, int(j) + side, config) for side in (-1, 0, 1)))
        measured = np.maximum.accumulate(measured) + 1e-9 * np.arange(PROBES)
        largest[j] = np.abs(measured).max()
        table[j] = np.interp(np.linspace(-largest[j], largest[j], TABLE), measured, place[j - 1] - j)
    return largest, table


def balance(left, middle, right):
    """How far the power of three neighbouring bands leans to the right, -1 to 1."""
    return (right - left) / (left + middle + right)


def _response(sines: np.ndarray, band: int, config: bands.BandConfig) -> np.ndarray:
    """Power `[N]` that unit sines at `sines` `[N]` Hz leave in one band."""
    window, filters = bands.band_filter(band, config)
    bins = np.flatnonzero(filters)
    power = lobe(sines[:, None] * window / SAMPLE_RATE - bins[None, :])
    return power @ filters[bins]


def partials(log_bands: jax.Array, config: bands.BandConfig) -> tuple[jax.Array, jax.Array]:
    """Frequency (Hz) near each band, and whether the band is a peak, `[B, T, 128]`, of log magnitudes."""
    wide = jnp.pad(log_bands, ((0, 0), (0, 0), (1, 1)), mode="edge")
    left, right = wide[..., :-2], wide[..., 2:]
    highest = jnp.maximum(log_bands, jnp.maximum(left, right))
    lean = balance(*(jnp.exp(2.0 * (level - highest)) for level in (left, log_bands, right)))
    largest, table = (jnp.asarray(array) for array in calibration(config))
    entry = (jnp.clip(lean / largest[None, None, :], -1.0, 1.0) + 1.0) * ((TABLE - 1) / 2)
    low = jnp.clip(jnp.floor(entry).astype(jnp.int32), 0, TABLE - 2)
    band = jnp.arange(LATENT_SIZE)[None, None, :]
    offset = table[band, low] + (entry - low) * (table[band, low + 1] - table[band, low])
    log_centers = np.log(bands.center_frequencies(config)).astype(np.float32)
    spacing = np.gradient(log_centers)  # the same everywhere for log-spaced bands
    hertz = jnp.exp(log_centers[None, None, :] + offset * spacing[None, None, :])
    return hertz, (log_bands > left) & (log_bands >= right)


def prominence(log_bands: jax.Array) -> jax.Array:
    """Nepers by which each band exceeds the higher of the valleys to its left and right, `[B, T, 128]`."""
    wide = jnp.pad(log_bands, ((0, 0), (0, 0), (VALLEY, VALLEY)), mode="edge")
    beside = [wide[..., i : i + LATENT_SIZE] for i in range(2 * VALLEY + 1)]
    left, right = (functools.reduce(jnp.minimum, part) for part in (beside[:VALLEY], beside[VALLEY + 1 :]))
    return log_bands - jnp.maximum(left, right)


def nearest_partial(log_bands: jax.Array, bins: int, config: bands.BandConfig) -> tuple[jax.Array, jax.Array]:
    """For each bin of an STFT, the frequency (Hz) of the clear partial whose main lobe it lies in, if any.

    Args:
      log_bands: log band magnitudes `[B, T, 128]`.
      bins: bins of the STFT.
      config: the analysis.

    Returns:
      Frequencies `[B, T, bins]`, and a mask of the same shape: whether there is such a partial.
      A peak that is not clear (noise, partials that run together) counts as none.
    """
    hertz, peaks = partials(log_bands, config)
    clear = prominence(log_bands) > PROMINENCE
    bin_width = SAMPLE_RATE / (2 * (bins - 1))
    place = np.interp(np.arange(bins) * bin_width, bands.center_frequencies(config), np.arange(LATENT_SIZE))
    index = jnp.arange(LATENT_SIZE)[None, None, :]
    below = jax.lax.cummax(jnp.where(peaks, index, -1), axis=2)[..., np.floor(place).astype(int)]
    above = jax.lax.cummin(jnp.where(peaks, index, LATENT_SIZE), axis=2, reverse=True)
    above = above[..., np.ceil(place).astype(int)]
    center = (np.arange(bins) * bin_width)[None, None, :].astype(np.float32)

    def look_up(found):
        band = jnp.clip(found, 0, LATENT_SIZE - 1)
        value, is_clear = (jnp.take_along_axis(array, band, axis=-1) for array in (hertz, clear))
        distance = jnp.where(found == band, jnp.abs(value - center), jnp.inf)
        return value, distance, is_clear & (distance < REACH * bin_width)

    (low, low_distance, low_clear), (high, high_distance, high_clear) = look_up(below), look_up(above)
    is_low = low_distance <= high_distance
    return jnp.where(is_low, low, high), jnp.where(is_low, low_clear, high_clear)


def advance_of(hertz: jax.Array) -> jax.Array:
    """Phase advance per hop, radians in [0, 2 pi), of a frequency in Hz."""
    turns = hertz * (HOP_LENGTH / SAMPLE_RATE)
    return 2 * np.pi * (turns - jnp.floor(turns))
