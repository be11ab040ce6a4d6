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
    log_bands: bool  # whether latents are log magnitudes of bands: levels and factors can be read off them

    def encode(self, params: Any, audio: Any) -> Any:
        """Latents `[B, T, dimension]`, T = ceil(S / hop_length), of `audio` `[B, S]` float32."""
        ...

    def decode(self, params: Any, latents: Any) -> Any:
        """Audio `[B, T * hop_length]` float32 of `latents` `[B, T, dimension]`."""
        ...

    @property
    def unpolished(self) -> Codec:
        """The same codec, its decoder without what costs more in a gradient than it changes."""
        ...


@runtime_checkable
class ClipCodec(Codec, Protocol):
    """A codec whose frames depend on everything before them.

    Overlapping windows cannot give what the whole clip gives, so it goes through long clips in its own
    way: NumPy in and out, compiled inside, memory bounded beside the clip itself.
    """

    def encode_clip(self, params: Any, audio: Any) -> Any:
        """Latents `[T, dimension]` of one clip `[S]`."""
        ...

    def decode_clip(self, params: Any, latents: Any) -> Any:
        """Audio `[T * hop_length]` of one clip's latents `[T, dimension]`."""
        ...
