"""The composer that arranges: notes are decided from what is heard, then played in the gated timbre."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np

from compjax.arranging.network import RollNetwork
from compjax.arranging.rules import by_rules
from compjax.arranging.steering import Steering
from compjax.codec.long_codec import LongCodec
from compjax.compose.composers.contract import COMPOSITIONAL, Plan
from compjax.compose.composers.rendition import Decoded
from compjax.constants import HOP_LENGTH
from compjax.hearing.listener import Listener
from compjax.hearing.reading import HeardPair, read_clip
from compjax.hearing.sound import Sound
from compjax.instrument import equaliser
from compjax.instrument.renderer import PRE_ROLL, Renderer
from compjax.models.arranging.agent import ArrangingAgent
from compjax.music import gates
from compjax.music.score import Harmony, Rhythm
from compjax.music.style import Style


@dataclasses.dataclass(frozen=True)
class HeardAndCaptured:
    """What was heard in input and target, and the colours of their instruments (`equaliser.colour`)."""

    pair: HeardPair
    colours: tuple[np.ndarray, np.ndarray]

    def of_clip(self, index: int) -> tuple[Rhythm, Harmony]:
        """See `HeardClips`."""
        return read_clip(self.pair.clips[index])

    def together(self, decided: np.ndarray) -> tuple[Rhythm, Harmony]:
        """See `HeardClips`."""
        return self.pair.music(decided)


class ArrangingComposer:
    """`Composer` of the arranging agent."""

    title = COMPOSITIONAL
    remarks = ()
    writes_notes = hears_chords = True
    raw_latents = False

    def __init__(self, listener: Listener, network: RollNetwork, renderer: Renderer):
        self._listener, self._renderer = listener, renderer
        self._arrangers = {"rules": by_rules, "network": network.arrange}

    @classmethod
    def of(cls, module: ArrangingAgent, variables: dict) -> ArrangingComposer:
        """The composer of an agent and its weights."""
        weights = jax.device_put(variables)
        return cls(Listener(module, weights), RollNetwork(module, weights), Renderer(module, weights))

    def hear(self, input: Sound, target: Sound) -> HeardAndCaptured:
        """What is heard in two clips."""
        pair = HeardPair(tuple(self._listener.hear(sound) for sound in (input, target)))
        return HeardAndCaptured(pair, tuple(equaliser.colour(sound.latents) for sound in (input, target)))

    def select(self, heard: HeardAndCaptured) -> np.ndarray:
        """The selector's gates `[T, 6]`."""
        return self._listener.select(*heard.pair.clips)

    def arrange(
        self, heard: HeardAndCaptured, decided: np.ndarray, style: Style, arranger: str, steering: Steering
    ) -> Plan:
        """The notes that `arranger` (one of `options.ARRANGERS`) decides."""
        return Plan(self._arrangers[arranger](heard.pair, decided, style, steering))

    def play(
        self, heard: HeardAndCaptured, decided: np.ndarray, plan: Plan, codec: LongCodec, samples: int
    ) -> Decoded:
        """The plan's notes in the gated timbre, of its clip's colour and the codec's level."""
        rendered = gates.led_in(decided, PRE_ROLL)
        share = rendered.mean(axis=0)
        timbre = sum(share[place] * clip.timbre for place, clip in zip((2, 5), heard.pair.clips, strict=True))
        latents = self._renderer.render(plan.notes, timbre, len(decided))
        coloured = equaliser.equalise(latents, gates.gated_timbre(rendered, heard.colours))
        return Decoded(equaliser.levelled(coloured), codec, PRE_ROLL * HOP_LENGTH, samples)
