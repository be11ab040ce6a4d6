"""What a session composes with, whichever agent it is: hear two clips, decide gates, arrange, play.

    ArrangingComposer   hears hits and chords, arranges notes, plays them     (arranging_composer.py)
    DirectComposer      from two clips' latents straight to the composed ones (direct.py)

Gates, and the times of notes, count from the beginning of the clips.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from compjax.arranging.steering import Steering
from compjax.audio.sound_files import SoundFormat
from compjax.codec.long_codec import LongCodec
from compjax.hearing.excerpt import Excerpt
from compjax.hearing.sound import Sound
from compjax.music.score import Harmony, Note, Rhythm
from compjax.music.style import Style

COMPOSITIONAL = "Compositional (rhythm/harmony/timbre)"
"""Title of agents that compose of the six components."""

RULES = "Rules (rhythm/harmony/timbre)"
"""Title of what composes of the six components by written rules, and not by a network."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has been decided of a composition before it is played.

    Attributes:
        notes: the composed part; empty where the agent writes none.
        latents: `[T, D]`, where the agent composes latents and not notes.
        chosen_by: title of what decided; None for the composer's own.
        written: the notes as a network wrote them, before a player put them into its register.
    """

    notes: tuple[Note, ...] = ()
    latents: np.ndarray | None = None
    chosen_by: str | None = None
    written: tuple[Note, ...] | None = None


class HeardClips(Protocol):
    """What was heard in input and target; agents that hear no hits or chords say that there are none."""

    def of_clip(self, index: int) -> tuple[Rhythm, Harmony]:
        """Hits and chords of the input (0) or the target (1)."""
        ...

    def played_on(self) -> dict:
        """The instrument that was captured, for the report; empty if there is none."""
        ...

    def together(self, decided: np.ndarray) -> tuple[Rhythm, Harmony]:
        """Hits and chords of both by their gates `[T, 6]`."""
        ...


class Rendition(Protocol):
    """A composition on its way to sound, at the level that its player likes.

    Attributes:
        form: rate and channels of the sound.
    """

    form: SoundFormat

    def whole(self) -> np.ndarray:
        """All of it, `[S]`, or `[S, 2]` where its form has two channels."""
        ...

    def voices(self) -> dict[str, Rendition]:
        """Each voice by itself, low, mid and high, by name; none where there are no notes."""
        ...

    def pieces(self) -> tuple[float, Iterator[np.ndarray]]:
        """Its loudness (LKFS; judged by parts where it is long), and the same sound from beginning to end."""
        ...


class Composer(Protocol):
    """An agent, ready to compose.

    Attributes:
        title: names the agent and its factors, as the report and the table of weights do.
        remarks: sentences for the report on what this agent does not do.
        writes_notes: whether `Plan.notes` can hold any.
        hears_chords: whether `HeardClips` can hold any; where they hold none, none was heard.
        raw_latents: whether it was trained on a codec's latents as they come, not normalised.
    """

    title: str
    remarks: tuple[str, ...]
    writes_notes: bool
    hears_chords: bool
    raw_latents: bool

    def prepare(self) -> None:
        """Have the programs ready that hearing and capturing will run; a second time costs nothing."""
        ...

    def hear(self, input: Sound, target: Sound) -> HeardClips:
        """What is heard in two clips of one length; shared by all variations of the pair."""
        ...

    def select(self, heard: HeardClips) -> np.ndarray:
        """The gates `[T, 6]` in [0, 1] that the agent chooses by itself."""
        ...

    def capture(
        self, heard: HeardClips, excerpts: tuple[Excerpt, Excerpt], decided: np.ndarray, way: str
    ) -> HeardClips:
        """What was heard, and the instrument of the clips that the timbre's gates `[T, 6]` let through.

        `way` is one of `options.INSTRUMENTS`; it matters to agents that have notes played.
        """
        ...

    def arrange(
        self, heard: HeardClips, decided: np.ndarray, style: Style, arranger: str, steering: Steering
    ) -> Plan:
        """A composition for gates `[T, 6]`; style and arranger matter to agents that have them.

        Raises:
            UserError: if `steering` is given to an agent that composes on what it hears alone.
        """
        ...

    def play(
        self, heard: HeardClips, decided: np.ndarray, plan: Plan, codec: LongCodec, seconds: float
    ) -> Rendition:
        """The plan as sound, `seconds` long."""
        ...
