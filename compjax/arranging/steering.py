"""What a user puts in the place of what was heard: hits from a groove, chords from a file."""

from __future__ import annotations

import dataclasses

from compjax.music.groove import Groove
from compjax.music.score import Harmony, Rhythm


@dataclasses.dataclass(frozen=True)
class Steering:
    """Hits and chords to compose on, None where those that are heard are meant.

    Attributes:
        rhythm: in seconds from the beginning of the new piece.
        harmony: the same.
        roles: what low, mid and high play; None for the usual.
    """

    rhythm: Rhythm | None = None
    harmony: Harmony | None = None
    roles: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return any(given is not None for given in (self.rhythm, self.harmony, self.roles))

    def over(self, rhythm: Rhythm, harmony: Harmony) -> tuple[Rhythm, Harmony]:
        """What is composed on, where `rhythm` and `harmony` were heard."""
        steered = self.rhythm, self.harmony
        return tuple(
            heard if given is None else given for given, heard in zip(steered, (rhythm, harmony), strict=True)
        )


HEARD = Steering()
"""Nothing is steered: the piece is composed on what was heard."""


def steering_of(given, chords: Harmony | None) -> Steering:
    """What a composition of `given` (a clip, or a `Groove`) on `chords` (or None) is steered by."""
    rhythm = Rhythm(given.hits, given.tempo, given.beats_per_bar) if isinstance(given, Groove) else None
    return Steering(rhythm, chords)
