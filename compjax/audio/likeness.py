"""Where one stretch of sound is most like another: for loops and for reading sound at another speed."""

from __future__ import annotations

import numpy as np

from compjax.audio.transforms import fourier


def most_like(span: np.ndarray, template: np.ndarray) -> tuple[int, float]:
    """Where in `span` `[S]` the template `[N]`, N at most S, fits best, and its correlation there.

    The correlation is normalised, in [-1, 1] (waveform similarity: Verhelst and Roelands, ICASSP 1993).
    """
    size = 1 << (len(span) + len(template)).bit_length()
    product = fourier.irfft(fourier.rfft(span, size) * np.conj(fourier.rfft(template, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(np.square(span, dtype=np.float64))])
    norm = np.sqrt(np.maximum(energy[len(template) :] - energy[: len(energy) - len(template)], 1e-12))
    fit = product[: len(norm)] / norm
    best = int(np.argmax(fit))
    return best, float(fit[best] / np.sqrt(np.sum(np.square(template, dtype=np.float64)) + 1e-12))
