"""Any length through a program of one fixed length: overlapping windows, joined without a seam.

    first  |==================|
    second             |==================|
    third                          |==================|      ends with the clip
                       ^  ^  ^
                 context fade context

A window's result is used up to the middle of the overlap with the next, where the two are cross-faded.
So a function that looks at most `context` frames around gives exactly what it gives over the whole.
Only a clip shorter than a window is padded; then the window starts with the clip.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from compjax import progress


@dataclasses.dataclass(frozen=True)
class WindowConfig:
    """How a clip is cut, in latent frames.

    Attributes:
        length: frames of a window.
        context: frames on either side of a seam whose results are not used.
        fade: frames over which two windows are cross-faded.
    """

    length: int = 768
    context: int = 64
    fade: int = 16

    def __post_init__(self):
        if self.stride < self.fade:
            raise ValueError(f"windows of {self.length} frames leave no room for context and fade: {self}")

    @property
    def stride(self) -> int:
        """Frames from one window to the next."""
        return self.length - 2 * self.context - self.fade


def starts(total: int, config: WindowConfig) -> list[int]:
    """First frames of the windows over `total` frames; the last window ends with the clip."""
    last = max(total - config.length, 0)
    return [*range(0, last, config.stride), last]


def over_windows(
    function: Callable[..., Any],
    arrays: Sequence[np.ndarray],
    config: WindowConfig,
    *,
    pad: float = 0.0,
    rate_in: int = 1,
    rate_out: int = 1,
    mend: Callable[[np.ndarray, np.ndarray, int, int], np.ndarray] | None = None,
):
    """Apply `function` window by window and join the results to the clip's length.

    Args:
        function: takes one window of every array, `[length * rate_in, ...]`. Returns an array
            `[length * rate_out, ...]` or a tuple of such arrays.
        arrays: `[T * rate_in, ...]` each, all of the same T.
        config: the windows.
        pad: value that a clip shorter than a window is padded with.
        rate_in: elements of an input array per frame (320 for waveforms, 1 for latents).
        rate_out: elements of a result per frame.
        mend: makes two results ready for their cross-fade: from the overlap of the earlier, the later
            result, and middle and length of the fade in elements, the later result mended.

    Returns:
        What `function` returns, `[T * rate_out, ...]`, float32 NumPy.
    """
    total = arrays[0].shape[0] // rate_in
    if any(a.shape[0] != total * rate_in for a in arrays) or total < 1:
        raise ValueError(
            f"arrays of {[a.shape[0] for a in arrays]} are not one length in frames of {rate_in}"
        )
    begins = starts(total, config)
    joined, before, fade = [], [], config.fade * rate_out
    for i, begin in enumerate(begins):
        chunks = [_window(a, begin * rate_in, config.length * rate_in, pad) for a in arrays]
        results = function(*chunks)
        single = not isinstance(results, tuple)
        now = [_checked(r, config.length * rate_out) for r in ([results] if single else results)]
        if mend and i > 0:
            overlap = (config.length - begin + begins[i - 1]) * rate_out
            now = [mend(b[-overlap:], n, overlap // 2, fade) for b, n in zip(before, now, strict=True)]
        joined = joined or [np.zeros((total * rate_out, *n.shape[1:]), np.float32) for n in now]
        _add(joined, now, begin * rate_out, _share(begins, i, config, rate_out))
        before = now
        progress.advance(i + 1, len(begins))
    return joined[0] if single else tuple(joined)


def pieces(
    function: Callable[[np.ndarray], np.ndarray],
    array: np.ndarray,
    config: WindowConfig,
    *,
    rate_out: int = 1,
    mend: Callable[[np.ndarray, np.ndarray, int, int], np.ndarray] | None = None,
) -> Iterator[np.ndarray]:
    """What `over_windows` returns of one array `[T, ...]` and one result, piece by piece as it is finished.

    A piece reaches to where the next window begins to be heard; together they are the whole.
    """
    total = array.shape[0]
    begins = starts(total, config)
    held, first, before, fade = np.zeros(0, np.float32), 0, None, config.fade * rate_out
    for i, begin in enumerate(begins):
        now = _checked(function(_window(array, begin, config.length, 0.0)), config.length * rate_out)
        if mend and i > 0:
            overlap = (config.length - begin + begins[i - 1]) * rate_out
            now = mend(before[-overlap:], now, overlap // 2, fade)
        end = min(begin + config.length, total) * rate_out
        held = np.concatenate([held, np.zeros((end - first - len(held), *now.shape[1:]), np.float32)])
        place = begin * rate_out - first
        past = max(-place, 0)  # what was given out already; this window has no share in it
        _add([held], [now[past:]], place + past, _share(begins, i, config, rate_out)[past:])
        before = now
        progress.advance(i + 1, len(begins))
        if i + 1 == len(begins):
            yield held
            return
        ready = int((begins[i + 1] + begin + config.length - config.fade) / 2) * rate_out - first
        yield held[:ready]
        held, first = held[ready:], first + ready


def _window(array: np.ndarray, begin: int, length: int, pad: float) -> np.ndarray:
    window = array[begin : begin + length]
    missing = length - window.shape[0]
    if not missing:
        return window
    return np.pad(window, [(0, missing)] + [(0, 0)] * (array.ndim - 1), constant_values=pad)


def _checked(result, length: int) -> np.ndarray:
    result = np.asarray(result)
    if result.shape[:1] != (length,):
        raise ValueError(f"a window of {length} elements gave a result of shape {result.shape}")
    return result


def _share(begins: list[int], i: int, config: WindowConfig, rate: int) -> np.ndarray:
    """How much of each element of window `i` is used, `[length * rate]`; the windows' shares sum to 1."""
    place = begins[i] + (np.arange(config.length * rate) + 0.5) / rate
    share = np.ones(place.size)
    if i > 0:
        share = share * _ramp(place, begins[i], begins[i - 1], config)
    if i + 1 < len(begins):
        share = share * (1.0 - _ramp(place, begins[i + 1], begins[i], config))
    return share.astype(np.float32)


def _ramp(place: np.ndarray, begin: int, begin_before: int, config: WindowConfig) -> np.ndarray:
    """0 to 1 around the middle of the overlap of two windows."""
    middle = (begin + begin_before + config.length) / 2
    return np.clip((place - middle) / max(config.fade, 1e-9) + 0.5, 0.0, 1.0)


def _add(joined: Sequence[np.ndarray], results: Sequence[np.ndarray], begin: int, share: np.ndarray) -> None:
    for whole, part in zip(joined, results, strict=True):
        room = min(part.shape[0], whole.shape[0] - begin)
        weight = share[:room].reshape(-1, *[1] * (part.ndim - 1))
        whole[begin : begin + room] += weight * part[:room]
