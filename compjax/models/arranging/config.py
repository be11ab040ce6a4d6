"""Sizes of the arranging agent, and the fixed geometry of its latents."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class ArrangingConfig:
    """Sizes of the arranging agent. The defaults are the bundled model's.

    Attributes:
        rhythm_width: channels of the onset network, at 75 Hz.
        rhythm_dilations: one residual convolution each, kernel 5.
        harmony_width: channels per pitch of the pitch network.
        harmony_dilations: one residual block each, in frames of 9.375 Hz.
        harmonics: frequency ratios at which the pitch network looks above each pitch.
        timbre_width: channels of the timbre network.
        composer_width: channels per pitch of the composer.
        renderer_width: channels per pitch of the renderer.
        num_partials: harmonics that the renderer adds to a note.
    """

    rhythm_width: int = 96
    rhythm_dilations: tuple[int, ...] = (1, 2, 4, 8)
    harmony_width: int = 32
    harmony_dilations: tuple[int, ...] = (1, 2, 4, 8, 1)
    harmonics: tuple[float, ...] = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
    timbre_width: int = 96
    composer_width: int = 64
    renderer_width: int = 64
    num_partials: int = 20
