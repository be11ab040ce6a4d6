"""What every codec offers."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Codec(Protocol):
    """Audio to latent frames and back; weights are an argument, so both are pure functions."""

    name: str
    sample_rate: int  # Hz of the audio on both sides
    hop_length: int  # samples per latent frame
    frame_rate: float  # latent frames per second
    dimension: int  # channels of a latent frame

    def encode(self, params: Any, audio: Any) -> Any:
        """Latents `[B, T, dimension]`, T = ceil(S / hop_length), of `audio` `[B, S]` float32."""
        ...

    def decode(self, params: Any, latents: Any) -> Any:
        """Audio `[B, T * hop_length]` float32 of `latents` `[B, T, dimension]`."""
        ...
