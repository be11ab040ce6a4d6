"""A few pairs as sound files, to be listened to: both clips and all eight recombinations."""

from __future__ import annotations

import itertools
import pathlib

from compjax.audio import waveform
from compjax.audio.loudness import limit_peaks
from compjax.data.drawing import swaps
from compjax.files import atomic_path
from compjax.music.factors import FACTORS


def describe(clip: swaps.DrawnClip) -> str:
    """One line about a clip: who plays what."""
    timbre, chords = clip.timbre, [span.pitches for span in clip.harmony.spans]
    what = "kit" if timbre.is_kit else "instrument"
    return (
        f"{what} {timbre.font} bank {timbre.bank} program {timbre.program}, {clip.part}, "
        f"{clip.rhythm.tempo:.0f} bpm, {len(clip.notes)} notes, chords {chords}"
    )


def swap_name(switches: swaps.Recombination) -> str:
    """Which clip each factor is from, as in "rhythm_A_harmony_B_timbre_B"."""
    return "_".join(f"{factor}_{'AB'[s]}" for factor, s in zip(FACTORS, switches, strict=True))


def write_preview(folder: pathlib.Path, pair: swaps.DrawnPair) -> None:
    """Write `pair_SEED_*.wav` (A, B and the swaps that make sense) and a text that describes them."""
    stem = f"pair_{pair.seed:06d}"
    lines = [
        f"{pair.kind}, switches {pair.switches}",
        f"A {describe(pair.input)}",
        f"B {describe(pair.target)}",
    ]
    for name, clip in (("A", pair.input), ("B", pair.target)):
        waveform.write(folder / f"{stem}_{name}.wav", limit_peaks(swaps.perform(clip).audio))
    for switches in itertools.product((0, 1), repeat=3):
        swap = swaps.arrangement(pair, switches, pair.style)
        waveform.write(folder / f"{stem}_{swap_name(switches)}.wav", limit_peaks(swap.audio))
        lines.append(f"{swap_name(switches)}: {len(swap.notes)} notes")
    with atomic_path(folder / f"{stem}.txt") as temporary:
        temporary.write_text("\n".join(lines) + "\n")
