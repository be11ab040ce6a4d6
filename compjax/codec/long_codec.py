"""A codec over clips of any length: two forms of codec, one way to call them.

A codec whose frames depend on what is near goes through a clip in overlapping windows (`Windowed`); one
whose frames depend on everything before them has its own way (`Whole`, `codec.protocol.ClipCodec`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Protocol

import jax
import numpy as np

from compjax.audio.windows import WindowConfig, over_windows, pieces
from compjax.codec.protocol import ClipCodec, Codec
from compjax.codec.seams import mend
from compjax.exported import Exported

CODEC_WINDOWS = WindowConfig(length=768, context=64, fade=16)
"""Windows of a codec: its reach is below the context, and a clip of ten seconds needs only one."""


class LongCodec(Protocol):
    """NumPy in and out, any length."""

    def encode(self, audio: np.ndarray) -> np.ndarray:
        """Latents `[T, D]` of audio `[S]`, S a multiple of the hop."""
        ...

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Audio `[T * hop]` of latents `[T, D]`."""
        ...

    def pieces(self, latents: np.ndarray) -> Iterator[np.ndarray]:
        """What `decode` gives, in pieces as they are finished."""
        ...


def long_codec(codec: Codec, params: Any, windows: WindowConfig = CODEC_WINDOWS) -> LongCodec:
    """The codec with its weights, for any length."""
    if isinstance(codec, ClipCodec):
        return Whole(codec, params)
    return Windowed(codec, params, windows)


class Whole:
    """A codec that goes through a clip in its own way."""

    def __init__(self, codec: ClipCodec, params: Any):
        self._codec, self._params = codec, jax.device_put(params)

    def encode(self, audio: np.ndarray) -> np.ndarray:
        """See `LongCodec`."""
        return np.asarray(self._codec.encode_clip(self._params, audio))

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """See `LongCodec`."""
        return np.asarray(self._codec.decode_clip(self._params, latents))

    def pieces(self, latents: np.ndarray) -> Iterator[np.ndarray]:
        """See `LongCodec`; such a codec has one piece."""
        yield self.decode(latents)


class Windowed:
    """A codec in overlapping windows of one length, so that one program serves every clip."""

    def __init__(self, codec: Codec, params: Any, windows: WindowConfig):
        self._params, self._windows, self._hop = jax.device_put(params), windows, codec.hop_length
        self._encode = codec.encode
        if not getattr(codec, "encodes_in_numpy", False):  # then there is nothing to compile
            program = Exported(codec.encode, "encode", (codec,))
            self._encode = lambda params, audio: program(params, audio)[0]
        self._decode = Exported(codec.decode, "decode", (codec,))

    def encode(self, audio: np.ndarray) -> np.ndarray:
        """See `LongCodec`; a clip shorter than a window is followed by silence."""
        return over_windows(self._encode_window, [audio], self._windows, rate_in=self._hop)

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """See `LongCodec`; windows are lined up where they meet (`seams.mend`)."""
        windows = {"rate_out": self._hop, "mend": mend}
        audio = over_windows(self._decode_window, [self._padded(latents)], self._windows, **windows)
        return audio[: len(latents) * self._hop]

    def pieces(self, latents: np.ndarray) -> Iterator[np.ndarray]:
        """See `LongCodec`; a clip of one window has one piece."""
        if len(latents) <= self._windows.length:
            yield self.decode(latents)
        else:
            yield from pieces(self._decode_window, latents, self._windows, rate_out=self._hop, mend=mend)

    def _padded(self, latents: np.ndarray) -> np.ndarray:
        """The latents, followed by silence to the length of a window."""
        missing = self._windows.length - len(latents)
        return np.concatenate([latents, np.tile(self._silence, (missing, 1))]) if missing > 0 else latents

    def _decode_window(self, window: np.ndarray) -> np.ndarray:
        return np.asarray(self._decode(self._params, window[None])[0])[0]

    def _encode_window(self, audio: np.ndarray) -> np.ndarray:
        return np.asarray(self._encode(self._params, audio[None]))[0]

    @functools.cached_property
    def _silence(self) -> np.ndarray:
        """Latents `[1, D]` of digital silence."""
        latents = self._encode_window(np.zeros(self._windows.length * self._hop, np.float32))
        return latents[len(latents) // 2, None]
