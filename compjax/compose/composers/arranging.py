"""The composer that arranges: notes are decided from what is heard, and played on a captured instrument."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import jax
import numpy as np

from compjax.arranging.network import RollNetwork
from compjax.arranging.rules import by_rules
from compjax.arranging.steering import Steering
from compjax.codec.long_codec import LongCodec
from compjax.compose.composers.contract import COMPOSITIONAL, RULES, Plan
from compjax.compose.composers.rendition import Played
from compjax.errors import UserError
from compjax.hearing.excerpt import Excerpt
from compjax.hearing.listener import Listener
from compjax.hearing.reading import HeardPair
from compjax.hearing.sound import Sound
from compjax.instrument import fit
from compjax.instrument.capture import Instrument, capture
from compjax.instrument.mixing import mixed
from compjax.models.registry import Blueprint
from compjax.music import gates
from compjax.music.score import Harmony, Rhythm, moved
from compjax.music.style import Style
from compjax.side_by_side import side_by_side

if TYPE_CHECKING:
    from compjax.arranging.transformer import Transformer

NO_LATENTS = (
    "these weights write notes and compose no latents: give weights that do with --checkpoint "
    "(compjax-train --config=experiments/compositional.py) for --arranger=latents"
)


@dataclasses.dataclass(frozen=True)
class HeardAndCaptured:
    """What was heard in input and target, and the instrument that plays, None until it is captured."""

    pair: HeardPair
    instrument: Instrument | None = None

    def of_clip(self, index: int) -> tuple[Rhythm, Harmony]:
        """See `HeardClips`."""
        return self.pair.each[index]

    def played_on(self) -> dict:
        """See `HeardClips`."""
        return {"way": self.instrument.way, "explained": round(self.instrument.explained, 4)}

    def together(self, decided: np.ndarray) -> tuple[Rhythm, Harmony]:
        """See `HeardClips`."""
        return self.pair.music(decided)


class ArrangingComposer:
    """`Composer` of the arranging agent."""

    title = COMPOSITIONAL
    remarks = ()
    writes_notes = hears_chords = True
    raw_latents = False

    def __init__(
        self,
        listener: Listener,
        network: RollNetwork,
        transformer: Callable[[], Transformer],
        usual: str = "rules",
    ):
        """`usual` is the arranger that "auto" takes; the transformer is loaded when it is first asked for."""
        self._listener, self._network = listener, network
        self._transformer, self._usual = functools.cache(transformer), usual

    @classmethod
    def of(
        cls,
        network: Blueprint,
        variables: dict,
        transformer: Callable[[], Transformer],
        usual: str = "rules",
    ) -> ArrangingComposer:
        """The composer of an agent and its weights."""
        weights = jax.device_put(variables)
        return cls(Listener(network, weights), RollNetwork(network, weights), transformer, usual)

    def prepare(self) -> None:
        """See `Composer`."""
        side_by_side(fit.prepare, self._listener.prepare)

    def hear(self, input: Sound, target: Sound) -> HeardAndCaptured:
        """What is heard in two clips."""
        hear = self._listener.hear
        if input is target:
            return HeardAndCaptured(HeardPair((hear(input),) * 2))
        return HeardAndCaptured(HeardPair(side_by_side(lambda: hear(input), lambda: hear(target))))

    def select(self, heard: HeardAndCaptured) -> np.ndarray:
        """The selector's gates `[T, 6]`."""
        return self._listener.select(*heard.pair.clips)

    def capture(
        self, heard: HeardAndCaptured, excerpts: tuple[Excerpt, Excerpt], decided: np.ndarray, way: str
    ) -> HeardAndCaptured:
        """The instrument of the clip whose timbre counts, or one between both."""
        weights = gates.timbre_weights(decided)
        captured = [
            (capture(excerpt, self._listener.hear(excerpt.sound), way), weight)
            for excerpt, weight in zip(excerpts, weights, strict=True)
            if weight > 0.0
        ]
        return dataclasses.replace(heard, instrument=mixed(*zip(*captured, strict=True)))

    def arrange(
        self, heard: HeardAndCaptured, decided: np.ndarray, style: Style, arranger: str, steering: Steering
    ) -> Plan:
        """The notes that `arranger` (one of `options.ARRANGERS`) decides.

        Raises:
            UserError: if latents are asked for, which this agent does not compose.
        """
        if arranger == "latents":
            raise UserError(NO_LATENTS)
        name, performer = self._usual if arranger == "auto" else arranger, heard.instrument.performer
        if name == "rules":
            notes = by_rules(heard.pair, decided, style, steering, performer)
            return Plan(notes, chosen_by=RULES)
        if name == "network":
            return Plan(self._network.arrange(heard.pair, decided, style, steering))
        written = self._transformer().arrange(heard.pair, decided, style, steering)
        _, harmony = steering.over(*heard.pair.music(decided))
        return Plan(moved(performer.play_written(written, harmony, style), 0.0), written=written)

    def play(
        self, heard: HeardAndCaptured, decided: np.ndarray, plan: Plan, codec: LongCodec, seconds: float
    ) -> Played:
        """The plan's notes on the instrument; no codec is needed."""
        return Played(plan.notes, heard.instrument, round(seconds * heard.instrument.form.rate))
