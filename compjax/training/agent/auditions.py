"""Validation by ear: a few compositions are decoded and judged as `compjax-evaluate` judges them.

Descriptors are evaluation's own, none of them a training loss. The rivals that need no training are judged
once on the same clips, through the same codec, so that their curves stand beside the agent's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from compjax.data.sources.example import HostBatch
from compjax.music.factors import INPUT, TARGET, Switches

Decode = Callable[[np.ndarray], np.ndarray]
"""Latents `[T, D]` to audio `[S]`."""

SHOWN = (
    "onset_f1",
    "beat_f1",
    "chroma_cosine",
    "in_chord",
    "timbre",
    "gating_r2",
    "mosaic_r2",
    "mix_r2",
)
"""Scores of `evaluation.factors.FactorScores` that are reported."""

OURS, CEILING = "audio", "baseline/arrangement"


@dataclasses.dataclass(frozen=True)
class AuditionConfig:
    """How many validation clips are decoded, and whether baselines and arrangement are judged too."""

    clips: int = 2
    baselines: bool = True


class Auditions:
    """Judges an agent's compositions on those clips of the first validation batch that tell most."""

    def __init__(self, decode: Decode, batch: HostBatch, config: AuditionConfig = AuditionConfig()) -> None:
        """Clips are taken from this host's `batch`; at least half a second of each is needed."""
        self._decode, self._batch = decode, batch
        self._places = telling_places(batch, config.clips)
        self._with_rivals = config.baselines
        self._sources: list[tuple] | None = None
        self._rivals: dict[str, float] | None = None

    def judge(self, latents: np.ndarray) -> dict[str, float]:
        """Means over the clips by name: `audio/<score>`, `audio/joint`, and `baseline/<name>/<score>`.

        Args:
            latents: composed, `[B, T, D]`, of the batch.
        """
        if not self._places:
            return {}
        made = [self._described(self._decode(np.asarray(latents[at], np.float32))) for at in self._places]
        return self._scores(OURS, made) | self.rivals()

    def rivals(self) -> dict[str, float]:
        """Scores of the baselines and of the arrangement, worked out at the first call."""
        if self._rivals is None:
            self._rivals = self._judged_rivals() if self._with_rivals else {}
        return self._rivals

    def _judged_rivals(self) -> dict[str, float]:
        from compjax.measures.baselines import BASELINES

        found: dict[str, float] = {}
        for name, make in BASELINES.items():
            outputs = [make(given, target) for given, target, *_ in self._clips()]
            found |= self._scores(
                f"baseline/{name.replace(' ', '_')}", [self._described(one) for one in outputs]
            )
        if np.all(self._batch["has_arrangement"][self._places] > 0):
            truth = [self._decode(self._batch["arrangement"][place]) for place in self._places]
            found |= self._scores(CEILING, [self._described(one) for one in truth])
        return found

    def _clips(self) -> list[tuple]:
        """Audio of input and target, their descriptions and the switches of every clip; made once."""
        if self._sources is None:
            self._sources = []
            for place in self._places:
                audio = [self._decode(self._batch[f"{clip}_latents"][place]) for clip in ("input", "target")]
                described = [self._described(one) for one in audio]
                self._sources.append((*audio, *described, switches_of(self._batch["gates"][place])))
        return self._sources

    def _scores(self, group: str, described: list) -> dict[str, float]:
        from compjax.measures import adherence, joint_score

        scores = [
            adherence.evaluate(one, given, target, switches)
            for one, (_, _, given, target, switches) in zip(described, self._clips(), strict=True)
        ]
        means = {name: float(np.mean([getattr(one, name) for one in scores])) for name in SHOWN}
        means["joint"] = float(np.mean([joint_score.joint(joint_score.measure(one)) for one in scores]))
        return {f"{group}/{name}": value for name, value in means.items()}

    @staticmethod
    def _described(audio: np.ndarray):
        from compjax.measures import adherence

        return adherence.describe(np.nan_to_num(audio))


def telling_places(batch: HostBatch, count: int) -> list[int]:
    """Places in the batch of up to `count` examples that tell something, in order.

    Those come first that take the rhythm of the one clip and harmony and timbre of the other, in which
    pitches sound. Where a kit is to play another clip's harmony the truth itself is the kit as it was: a
    copy, whose joint score is 0 as is everybody's.
    """
    pitched = np.ones(len(batch["gates"]), bool)
    if "salience" in batch:
        pitched = np.asarray(batch["salience"])[:, 1].any(axis=(1, 2)) | (batch["has_notes"] == 0)
    asked = [switches_of(gates) == Switches() for gates in batch["gates"]]
    order = np.argsort(~(np.asarray(asked, bool) & pitched), kind="stable")
    return sorted(order[:count].tolist())


def switches_of(gates: np.ndarray):
    """Which clip each factor is from, of gates `[6]`: the one whose gate is wider open."""
    return Switches(*(TARGET if gates[place + 3] > gates[place] else INPUT for place in range(3)))


def audition_config(values: Mapping) -> AuditionConfig:
    """From `config.auditions`; a UserError names a field that there is not."""
    from compjax.errors import UserError

    try:
        return AuditionConfig(**values)
    except TypeError as error:
        raise UserError(f"config.auditions: {error}") from error
