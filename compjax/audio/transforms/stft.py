"""Short-time Fourier transform, once for NumPy and once for JAX: pass the array module as `xp`.

Frames are made and added back by reshapes and shifted sums, not by gathers and scatters:
under XLA on a CPU that is most of the speed of a spectral loss and its gradient.
"""

from __future__ import annotations

import functools

import numpy as np

from compjax.audio.transforms import fourier


@functools.lru_cache(maxsize=16)
def hann(size: int) -> np.ndarray:
    """Periodic Hann window, `[size]`, float32, not to be written to."""
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    window.flags.writeable = False
    return window


def frame(audio, size: int, hop: int, xp=np):
    """Frames `[..., T, size]` of `audio` `[..., S]`, T = (S - size) // hop + 1; `hop` must divide `size`."""
    if size % hop:
        raise ValueError(f"the hop ({hop}) must divide the frame size ({size})")
    count = (audio.shape[-1] - size) // hop + 1
    blocks = size // hop
    rows = audio[..., : (count + blocks - 1) * hop].reshape(*audio.shape[:-1], count + blocks - 1, hop)
    return xp.concatenate([rows[..., i : i + count, :] for i in range(blocks)], axis=-1)


def overlap_add(frames, hop: int, xp=np):
    """Sum of `frames` `[..., T, size]` laid `hop` apart, `[..., (T - 1) * hop + size]`."""
    *lead, count, size = frames.shape
    blocks = size // hop
    parts = frames.reshape(*lead, count, blocks, hop)
    none = [(0, 0)] * len(lead)
    rows = sum(xp.pad(parts[..., i, :], [*none, (i, blocks - 1 - i), (0, 0)]) for i in range(blocks))
    return rows.reshape(*lead, (count + blocks - 1) * hop)


def centered_stft(audio, size: int, hop: int, xp=np):
    """Complex spectra `[..., T, size // 2 + 1]` whose frame t is centred on sample (t + 1/2) * hop.

    `audio` is `[..., T * hop]`. Time is counted from the middle of each window, so that a steady
    sinusoid has one phase over its whole main lobe.
    """
    side = (size - hop) // 2
    padded = xp.pad(audio, [(0, 0)] * (audio.ndim - 1) + [(side, side)])
    frames = frame(padded, size, hop, xp)
    return fourier.rfft(frames * _along(hann(size), frames), xp=xp) * _along(_half_turn(size), frames)


def centered_istft(spectrum, hop: int, xp=np):
    """Audio `[..., T * hop]` of `centered_stft` spectra: windowed overlap-add over the squared windows."""
    size = 2 * (spectrum.shape[-1] - 1)
    frames = fourier.irfft(spectrum * _along(_half_turn(size), spectrum), size, xp=xp)
    frames = frames * _along(hann(size), frames)
    count = spectrum.shape[-2]
    weight = overlap_add(np.broadcast_to(hann(size) ** 2, (count, size)), hop)
    side = (size - hop) // 2
    inside = slice(side, side + count * hop)
    scale = (1.0 / np.maximum(weight[inside], 1e-3)).astype(np.float32)
    audio = overlap_add(frames, hop, xp)[..., inside]
    return audio * _along(scale, audio)


def magnitude(audio, size: int, hop: int, xp=np, floor: float = 1e-7):
    """Magnitudes `[..., T, size // 2 + 1]` of reflect-padded frames centred on multiples of `hop`.

    `floor` is added to the power, which keeps the gradient finite at silence.
    """
    pad = [(0, 0)] * (audio.ndim - 1) + [(size // 2, size // 2)]
    frames = frame(xp.pad(audio, pad, mode="reflect"), size, hop, xp)
    spectrum = fourier.rfft(frames * _along(hann(size), frames), xp=xp)
    return xp.sqrt(xp.real(spectrum) ** 2 + xp.imag(spectrum) ** 2 + floor**2)


def _along(vector: np.ndarray, array) -> np.ndarray:
    """`vector` with as many axes as `array`, lying along the last."""
    return vector.reshape((1,) * (array.ndim - 1) + (-1,))


def _half_turn(size: int) -> np.ndarray:
    """Signs that move the origin of time from a window's start to its middle, `[size // 2 + 1]`."""
    return (1.0 - 2.0 * (np.arange(size // 2 + 1) % 2)).astype(np.float32)
