"""How loud: root mean square, loudness as it is heard (ITU-R BS.1770-4), and a limiter that does not clip."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import numpy as np

from compjax.audio.transforms import fourier
from compjax.constants import SAMPLE_RATE

REFERENCE_RMS = 0.1
"""Level that clips are brought to before encoding: -20 dB below full scale."""

SILENCE_RMS = 1e-5
"""Level under which a clip counts as silent: -100 dB below full scale."""

PEAK_CEILING = 0.98
"""Highest sample magnitude that is written to a file, of full scale."""

MAX_GAIN = 100.0
"""What is brought to a level is made at most this much louder: 40 dB. Agents choose their level freely."""

BLOCK = 64
"""Samples over which the limiter's gain is a straight line."""

ABSOLUTE_GATE = -70.0
"""Blocks of less loudness than this are not music (BS.1770-4, 2.8), in LKFS."""

RELATIVE_GATE = -10.0
"""Nor those so much quieter than the others, in LU."""

_BIQUADS = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)  # a high shelf and a high pass, each by its numerator and denominator in powers of 1/z
_CHUNK = 600  # steps that are weighted at once: a minute
_RING = 10  # steps that go before a chunk: the filters have died away by then
_REACH = 8  # blocks before and after a peak over which the gain falls and recovers


def rms(audio: np.ndarray) -> float:
    """Root mean square over all samples of `audio`; 0 for an empty array."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if audio.size else 0.0


def level(audio: np.ndarray) -> float:
    """RMS of audio `[S]` or `[S, C]`, a minute or so at a time: `rms` needs twice the memory of its clip."""
    minute = 60 * SAMPLE_RATE
    blocks = [audio[begin : begin + minute] for begin in range(0, len(audio), minute)]
    powers = [rms(block) ** 2 for block in blocks]
    return float(np.sqrt(np.average(powers, weights=[block.size for block in blocks])))


def is_silent(audio: np.ndarray) -> bool:
    """Whether the level is below `SILENCE_RMS`."""
    return rms(audio) < SILENCE_RMS


def normalize_rms(audio: np.ndarray, reference: float = REFERENCE_RMS) -> np.ndarray:
    """Scale `audio` `[..., S]` to the level `reference`; a silent clip is returned as zeros.

    The peaks may exceed 1: limit them before writing to a file.
    """
    if is_silent(audio):
        return np.zeros_like(audio, dtype=np.float32)
    return (audio * (reference / rms(audio))).astype(np.float32)


def limit_peaks(audio: np.ndarray, ceiling: float = PEAK_CEILING) -> np.ndarray:
    """Turn `audio` `[S]` or `[S, C]` down around its peaks so that no sample exceeds `ceiling`.

    A look-ahead limiter: the gain that each block of samples needs is held for `_REACH` blocks on
    both sides and smoothed over as many, so it falls before a peak and recovers after it without
    a corner. Audio below the ceiling is returned unchanged.
    """
    if not audio.size or max(audio.max(), -audio.min()) <= ceiling:
        return audio
    blocks = -(-len(audio) // BLOCK)
    padded = np.pad(audio, [(0, blocks * BLOCK - len(audio)), *[(0, 0)] * (audio.ndim - 1)])
    peaks = np.abs(padded).reshape(blocks, -1).max(axis=1).astype(np.float64)
    edges = smooth_gain(ceiling / np.maximum(peaks, ceiling))
    gain = np.interp(np.arange(len(audio)), np.arange(blocks + 1) * BLOCK, edges)
    return np.clip((audio.T * gain).T, -ceiling, ceiling).astype(np.float32)  # the clip is for rounding only


def smooth_gain(needed: np.ndarray) -> np.ndarray:
    """Gains at the `[blocks + 1]` block edges, never above what the blocks beside them need."""
    width = 2 * _REACH + 1
    windows = np.lib.stride_tricks.sliding_window_view
    # An edge's average spans 2 * _REACH + 1 edges, each the minimum over the blocks it can see:
    # every one of those minima includes both blocks beside the edge, and so does their average.
    lowest = windows(np.pad(needed, 2 * _REACH + 1, constant_values=1.0), width + 1).min(axis=1)
    return windows(lowest, width).mean(axis=1)


def k_weighting(frequency: np.ndarray) -> np.ndarray:
    """Gain of the K-weighting at frequencies in Hz, complex: BS.1770-4, tables 1 and 2, for 48 kHz."""
    z = np.exp(-2j * np.pi * frequency / 48_000)
    parts = [np.polyval(above[::-1], z) / np.polyval(below[::-1], z) for above, below in _BIQUADS]
    return np.prod(parts, axis=0)


def step_powers(blocks: Iterable[np.ndarray], rate: int) -> np.ndarray:
    """Mean squares `[N]` of K-weighted sound in steps of a tenth of a second, at least one.

    Args:
        blocks: of the sound from beginning to end, `[n]` or `[n, C]`; channels count alike.
        rate: Hz.
    """
    step = rate // 10
    ahead, powers = None, []
    for part in _chunks(blocks, _CHUNK * step):
        known = part if ahead is None else np.concatenate([ahead, part])
        weighted = _weighted(known, rate)[len(known) - len(part) :]
        if len(part) >= step or not powers:
            powers.append(_means(weighted, step))
        ahead = known[-_RING * step :]
    return np.concatenate(powers) if powers else np.zeros(1)


def _chunks(blocks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The blocks joined and cut into pieces of `size` samples, the last one shorter."""
    held, count = [], 0
    for block in blocks:
        begin = 0
        while begin < len(block):
            held.append(block[begin : begin + size - count])
            begin, count = begin + len(held[-1]), count + len(held[-1])
            if count == size:
                yield np.concatenate(held) if len(held) > 1 else held[0]
                held, count = [], 0
    if count:
        yield np.concatenate(held)


def _weighted(audio: np.ndarray, rate: int) -> np.ndarray:
    """K-weighted power `[S]` of audio `[S]` or `[S, C]`, its channels summed."""
    size = fourier.fast_size(len(audio) + rate)  # zeros behind it, into which the filters ring
    gain = _gains(size, rate)
    channels = audio.reshape(len(audio), -1).T.astype(np.float64)
    rows = (fourier.irfft(fourier.rfft(row, size) * gain, size)[: len(audio)] for row in channels)
    return sum(np.square(row) for row in rows)


@functools.lru_cache(maxsize=4)
def _gains(size: int, rate: int) -> np.ndarray:
    """The K-weighting of spectra of so many samples."""
    return k_weighting(np.fft.rfftfreq(size, 1 / rate))


def _means(power: np.ndarray, step: int) -> np.ndarray:
    """Means of power `[S]` over whole steps; over all of it where there is none."""
    whole = power.size // step * step
    return (power[:whole].reshape(-1, step) if whole else power[None]).mean(axis=1)


def integrated(steps: np.ndarray) -> float:
    """Integrated loudness of `step_powers` `[N]` in LKFS; -inf where none is heard."""
    width = min(4, steps.size)
    blocks = np.convolve(steps, np.full(width, 1.0 / width), "valid")
    heard = blocks[blocks > _power_of(ABSOLUTE_GATE)]
    if not heard.size:
        return -np.inf
    kept = heard[heard > heard.mean() * 10 ** (RELATIVE_GATE / 10)]
    return float(10 * np.log10(kept.mean()) - 0.691)


def loudness_of(audio: np.ndarray, rate: int = SAMPLE_RATE) -> float:
    """Integrated loudness of audio `[S]` or `[S, 2]` in LKFS (ITU-R BS.1770-4); -inf where none is heard.

    A sine of 997 Hz at full scale has -3.01 in one channel.
    """
    return integrated(step_powers([audio], rate)) if audio.size else -np.inf


def _power_of(loudness: float) -> float:
    """Mean square of a K-weighted signal of that loudness in LKFS."""
    return 10 ** ((loudness + 0.691) / 10)


def sounding_loudness(audio: np.ndarray, rate: int = SAMPLE_RATE) -> float:
    """As `loudness_of`, of a sound at any level: the absolute gate is where it is at the reference level."""
    own = level(audio) if audio.size else 0.0
    if own < SILENCE_RMS:
        return -np.inf
    gain = REFERENCE_RMS / own
    return integrated(step_powers([audio], rate) * gain**2) - 20 * float(np.log10(gain))


def gain_to(wanted: float, own: float) -> float:
    """What brings a loudness of `own` to `wanted`, both in LKFS: at most `MAX_GAIN`, 0 for silence."""
    if not (np.isfinite(own) and np.isfinite(wanted)):
        return 0.0
    return float(min(10 ** ((wanted - own) / 20), MAX_GAIN))
