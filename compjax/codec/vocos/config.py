"""Sizes of the bundled codec."""

from __future__ import annotations

import dataclasses

from compjax.codec.vocos import bands

KERNEL = 7
"""Frames of a convolution of the generator."""


@dataclasses.dataclass(frozen=True)
class VocosConfig:
    """Size of the generator, its inverse STFT, and the analysis it inverts."""

    dim: int = 256
    layers: int = 8
    ffn: int = 768
    n_fft: int = 1280  # samples; the hop is the latents' 320
    refine_steps: int = 8  # Griffin-Lim steps after the network
    bands: bands.BandConfig = bands.BandConfig()

    @property
    def bins(self) -> int:
        """Frequency bins of the inverse STFT."""
        return self.n_fft // 2 + 1

    @classmethod
    def from_dict(cls, values: dict) -> VocosConfig:
        """The config that `dataclasses.asdict` (or JSON) made `values` from."""
        analysis = {k: tuple(v) if isinstance(v, list) else v for k, v in values.get("bands", {}).items()}
        return cls(**{**values, "bands": bands.BandConfig(**analysis)})
