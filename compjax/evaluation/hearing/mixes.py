"""How well hits and chords are heard in dense mixes: drums, chords and a bass together, whose truth is known.

    python -m compjax.evaluation.hearing.mixes --count=8 --seed=7 --split=test

For each way of hearing the F-measure of the drums' hits (within 50 ms, whatever the voice) and that of pitch
classes (every tenth of a second): the mix as it is, which is how clips are heard; the mix with tones and
strokes parted before (`parting.py`); and its drums and chords alone, which say what could be heard at best.
Needs FluidSynth and the soundfonts of the split.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import numpy as np

from compjax.audio.loudness import normalize_rms
from compjax.constants import SAMPLE_RATE
from compjax.data.drawing import swaps
from compjax.data.rendering.soundfont import render
from compjax.data.rendering.timbres import draw_instrument
from compjax.evaluation.hearing import judging
from compjax.evaluation.hearing.chords import counts, f_measure_of
from compjax.evaluation.hearing.parting import parted
from compjax.measures.matching import count_matches
from compjax.music.score import LOW, Harmony, Note, Rhythm

NEAR = 0.05  # seconds
SEED_STRIDE = 1_000_000
BASS = 12
"""Semitones by which the bass lies under the chord's lowest tone, as far as that is above its lowest note."""
LOWEST = 28
LEVELS = {"drums": 1.0, "chords": 0.8, "bass": 0.7}
"""Of the parts in the mix, each at the reference level before."""


def mixes(seed: int, count: int, split: str) -> Iterator[tuple[Rhythm, Harmony, dict[str, np.ndarray]]]:
    """Hits of the drums, chords, and parts `[S]` by name of `count` mixes."""
    found = 0
    for number in itertools.count(seed * SEED_STRIDE):
        pair = swaps.draw_pair(number, split)
        if pair.kind != "drums, pitched":
            continue
        generator = np.random.default_rng([seed, number])
        bass = bass_of(pair.input.rhythm, pair.target.harmony)
        parts = {
            "drums": swaps.perform(pair.input).audio,
            "chords": swaps.perform(pair.target).audio,
            "bass": normalize_rms(render(bass, draw_instrument(split, generator), swaps.CLIP_SECONDS)),
        }
        yield pair.input.rhythm, pair.target.harmony, parts
        found += 1
        if found == count:
            return


def bass_of(rhythm: Rhythm, harmony: Harmony) -> tuple[Note, ...]:
    """The chords' lowest tones, struck with the low drums."""
    times = [hit.time for hit in rhythm.hits if hit.voice == LOW]
    notes = []
    for time, after in itertools.pairwise([*times, swaps.CLIP_SECONDS]):
        for span in harmony.spans:
            if span.start <= time < span.end:
                pitch = span.bass - BASS if span.bass - BASS >= LOWEST else span.bass
                notes.append(Note(time, max(time + 0.1, min(after, span.end) - 0.02), pitch, 0.8))
    return tuple(notes)


def hit_counts(truth: Rhythm, heard: Rhythm) -> np.ndarray:
    """Hits heard rightly, heard, and true: `[3]`."""
    true, said = (
        np.unique([hit.time for hit in rhythm.hits if 0.0 <= hit.time < swaps.CLIP_SECONDS])
        for rhythm in (truth, heard)
    )
    return np.array([count_matches(true, said, NEAR), len(said), len(true)], float)


def ways(parts: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What hits and what chords are heard in, by the way of hearing."""
    mix = normalize_rms(sum(LEVELS[name] * part for name, part in parts.items()))
    harmonic, percussive = parted(mix)
    return {
        "as it is": (mix, mix),
        "parted": (percussive, harmonic),
        "parts alone": (parts["drums"], parts["chords"]),
    }


def measure(seed: int, count: int, split: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Counts of hits and of classes, `[3]` each, by the way of hearing."""
    import compjax

    session, found = compjax.load(), {}
    for rhythm, harmony, parts in mixes(seed, count, split):
        for way, sounds in ways(parts).items():
            hits, classes = (session.listen(sound, sample_rate=SAMPLE_RATE) for sound in sounds)
            total = found.setdefault(way, (np.zeros(3), np.zeros(3)))
            total[0][:] += hit_counts(rhythm, Rhythm(hits.hits))
            total[1][:] += counts(harmony, classes.harmony)
    return found


def table(found: dict[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """F-measures by the way of hearing."""
    lines = [f"{'heard':18}{'hits':>10}{'classes':>10}"]
    return "\n".join(
        lines + [f"{way:18}{f_measure_of(h):10.2f}{f_measure_of(c):10.2f}" for way, (h, c) in found.items()]
    )


def run(argv: list[str] | None = None) -> int:
    """The command."""

    def tell(values):
        return table(measure(values.seed, values.count, values.split))

    return judging.run("mixes", __doc__, tell, 8, "Mixes.", judging.define_split, argv)


if __name__ == "__main__":
    sys.exit(run())
