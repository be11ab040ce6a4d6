"""Phase from magnitude: the phase-gradient integral, and Griffin-Lim steps to polish it.

For a Gaussian window (a Hann window is near enough) the logarithm of a spectrogram's magnitude
determines the derivatives of its phase: along time from the slope over frequency, and along
frequency from the slope over time (Prusa, Balazs, Soendergaard, "A noniterative method for
reconstruction of phase from STFT magnitude", 2017). Where they integrate along a heap of bins by
magnitude, we carry each spectral peak's phase from frame to frame and spread it over the bins
around that peak, as a phase vocoder does; it is one gather per frame, so it runs in `lax.scan`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from compjax.audio.transforms import stft

HANN_GAMMA = 0.25645  # a Hann window of n samples is nearest the Gaussian exp(-pi t^2 / (gamma n^2))
ONSET_RISE = 2.0  # nepers from one frame to the next above which a peak starts anew


def time_gradient(log_magnitude: jax.Array, hop: int) -> jax.Array:
    """Phase advance per hop, radians, of log magnitudes `[..., T, K]` (natural log)."""
    bins = log_magnitude.shape[-1]
    size = 2 * (bins - 1)
    edges = [(0, 0)] * (log_magnitude.ndim - 1)
    wide = jnp.pad(log_magnitude, [*edges, (1, 1)], mode="edge")
    slope = (wide[..., 2:] - wide[..., :-2]) / 2
    center = (2 * np.pi * ((hop * np.arange(bins)) % size) / size).astype(np.float32)
    return slope * (hop / (HANN_GAMMA * size)) + center.reshape((1,) * (slope.ndim - 1) + (-1,))


def frequency_gradient(log_magnitude: jax.Array, hop: int) -> jax.Array:
    """Phase advance per bin, radians, counted from the middle of each window, `[..., T, K]`."""
    size = 2 * (log_magnitude.shape[-1] - 1)
    edges = [(0, 0)] * (log_magnitude.ndim - 2)
    wide = jnp.pad(log_magnitude, [*edges, (1, 1), (0, 0)], mode="edge")
    return (wide[..., 2:, :] - wide[..., :-2, :]) * (-HANN_GAMMA * size / hop / 2)


def nearest_peaks(log_magnitude: jax.Array) -> jax.Array:
    """Bin of the spectral peak nearest to each bin, `[..., T, K]` int32."""
    bins = log_magnitude.shape[-1]
    edges = [(0, 0)] * (log_magnitude.ndim - 1)
    wide = jnp.pad(log_magnitude, [*edges, (1, 1)], constant_values=-jnp.inf)
    is_peak = (log_magnitude > wide[..., :-2]) & (log_magnitude >= wide[..., 2:])
    place = jnp.arange(bins).reshape((1,) * (log_magnitude.ndim - 1) + (-1,))
    axis = log_magnitude.ndim - 1
    below = jax.lax.cummax(jnp.where(is_peak, place, -bins), axis=axis)
    above = jax.lax.cummin(jnp.where(is_peak, place, 2 * bins), axis=axis, reverse=True)
    return jnp.clip(jnp.where(place - below <= above - place, below, above), 0, bins - 1)


def integrate(log_magnitude: jax.Array, advance: jax.Array, tilt: jax.Array) -> jax.Array:
    """Phase, radians, of a spectrogram (`stft.centered_stft` convention), `[B, T, K]`.

    Args:
      log_magnitude: natural log of the magnitudes, `[B, T, K]`.
      advance: phase advance per hop, radians, `[B, T, K]`; `time_gradient` where nothing better is known.
      tilt: phase growth per bin, radians, `[B, T, K]`; `frequency_gradient` likewise.
    """
    previous = jnp.pad(tilt, ((0, 0), (0, 0), (1, 0)))[..., :-1]
    upright = jnp.cumsum((tilt + previous) / 2, axis=-1)
    peaks = nearest_peaks(log_magnitude)

    def pick(values):
        return jnp.take_along_axis(values, peaks, axis=-1)

    def before(values):
        return jnp.pad(values, ((0, 0), (1, 0), (0, 0)))[:, :-1]

    step = (pick(before(advance)) + pick(advance)) / 2 - pick(upright)
    starts = pick(log_magnitude) - pick(before(log_magnitude)) > ONSET_RISE
    starts = starts.at[:, 0].set(True)

    def body(phase, now):
        peak, move, start, rise = now
        moved = jnp.where(start, 0.0, jnp.take_along_axis(phase, peak, axis=-1) + move) + rise
        moved = moved - 2 * np.pi * jnp.round(moved / (2 * np.pi))
        return moved, moved

    swap = lambda values: jnp.swapaxes(values, 0, 1)  # noqa: E731
    first = jnp.zeros_like(log_magnitude[:, 0])
    _, phase = jax.lax.scan(body, first, (swap(peaks), swap(step), swap(starts), swap(upright)))
    return swap(phase)


def refine(spectrum: jax.Array, hop: int, steps: int, momentum: float = 0.99) -> jax.Array:
    """`steps` of fast Griffin-Lim (Perraudin et al. 2013) from `spectrum` `[B, T, K]`, its magnitude kept."""
    if steps == 0:
        return spectrum
    magnitude = jnp.abs(spectrum)
    size = 2 * (spectrum.shape[-1] - 1)

    def body(_, carry):
        current, last = carry
        consistent = stft.centered_stft(stft.centered_istft(current, hop, jnp), size, hop, jnp)
        ahead = consistent + momentum * (consistent - last)
        return magnitude * ahead / jnp.maximum(jnp.abs(ahead), 1e-9), consistent

    start = stft.centered_stft(stft.centered_istft(spectrum, hop, jnp), size, hop, jnp)
    first = magnitude * start / jnp.maximum(jnp.abs(start), 1e-9)
    return jax.lax.fori_loop(1, steps, body, (first, start))[0]
