"""How the arrangers write where people wrote: hits and chords of real scores, and the notes that they have.

    python -m compjax.data.sources.free_scores --output=scores
    python -m compjax.evaluation.written.real_music --midi=scores [--others=NAME=FILE]

Any score is hits x chords -> its own notes (`music/measuring.py`). The piece itself, the rules that make the
training's truth, and the transformers on the same hits, chords and measured style are judged alike:

    notes         F1 of notes with the piece (onsets within 50 ms)
    classes       the same of pitch classes
    leading       mean semitones that the highest voice moves from one attack to the next
    repeated      share of its steps that go on as they did before: four in a row that occur again
    entropy       bits, of the distribution of pitches
    bits          of the piece's pitch classes at an attack by the transformer's probabilities (12 decisions)
    roll          bits of the piece's notes at an attack by its piano roll (64 decisions)

beside the bits of classes: the same by how common a tone of the chord and another one are in all pieces. Bits
are what is lost: mean log-likelihood, base 2, with its sign turned.
"""

from __future__ import annotations

import collections
import dataclasses
import pathlib
import sys
from collections.abc import Sequence

import numpy as np
from absl import flags

from compjax import command
from compjax.arranging.steering import Steering
from compjax.arranging.transformer import Transformer
from compjax.compose.composers.loading import bundled_transformer, read_transformer
from compjax.constants import FRAME_RATE, MIN_PITCH, NUM_PITCHES, NUM_VOICES
from compjax.errors import UserError
from compjax.evaluation.report import markdown
from compjax.evaluation.systems import named_weights
from compjax.evaluation.written.by_arranger import agreement
from compjax.hearing.listener import Heard
from compjax.hearing.reading import CLASSES, HeardPair
from compjax.hearing.sound import LEAD_IN
from compjax.music.arrange import arrange, revoiced
from compjax.music.measuring import chords_per_beat, hits_and_shares, in_range, measured_style
from compjax.music.midi import read_midi
from compjax.music.score import Harmony, Note, Rhythm
from compjax.music.style import Style

LONGEST = 60.0
"""Seconds of a piece that are looked at."""

PATTERN = 4
"""Steps in a row that make a pattern."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """A score as hits and chords, the style that was measured, and its notes."""

    name: str
    steering: Steering
    style: Style
    notes: tuple[Note, ...]


def read_piece(path: pathlib.Path, generator: np.random.Generator) -> Piece:
    """The beginning of a score."""
    score = read_midi(path)
    notes = tuple(in_range(note) for note in score.notes if note.start < LONGEST)
    if not notes:
        raise UserError(f"{path}: no notes in a pitched channel; leave it out of --midi")
    harmony = chords_per_beat(notes, 60.0 / score.tempo)
    rhythm = Rhythm(hits_and_shares(notes)[0], score.tempo, score.beats_per_bar)
    return Piece(path.stem, Steering(rhythm, harmony), measured_style(notes, harmony, generator), notes)


def nothing_heard(seconds: float) -> HeardPair:
    """Two clips of which nothing is heard but that they are pitched: all else is given."""
    frames = LEAD_IN + int(np.ceil(seconds * FRAME_RATE))
    sure, none = np.full((frames, CLASSES), 0.9, np.float32), np.zeros((frames, NUM_PITCHES), np.float32)
    hits = np.zeros((frames, NUM_VOICES), np.float32)
    clip = Heard(none, none, sure, sure, np.zeros(64, np.float32), hits, hits, none)
    return HeardPair((clip, clip))


def by_transformer(piece: Piece, transformer: Transformer) -> tuple[tuple[Note, ...], dict[str, float]]:
    """The transformer's notes, and the bits of the piece's own pitch classes and notes at an attack."""
    heard = nothing_heard(max(note.start for note in piece.notes) + 1.0)
    frames = len(heard.clips[0].voices) - LEAD_IN
    gates = np.tile(np.float32([1, 0, 0, 0, 1, 1]), (frames, 1))
    notes = transformer.arrange(heard, gates, piece.style, piece.steering)
    times, probable = transformer.probabilities(heard, gates, piece.style, piece.steering)
    folded = np.stack([probable[:, of_class(c)] for c in range(CLASSES)], axis=1)
    classes = bits(struck_classes(piece.notes, times), 1.0 - np.prod(1.0 - folded, axis=2))
    return notes, {"bits": classes, "roll": bits(struck_at(piece.notes, times), probable)}


def of_class(pitch_class: int) -> np.ndarray:
    """Five of the roll's pitches of a class."""
    return np.flatnonzero((np.arange(NUM_PITCHES) + MIN_PITCH) % CLASSES == pitch_class)[:5]


def struck_at(notes: Sequence[Note], times: np.ndarray) -> np.ndarray:
    """Which pitches are struck at the times, bool `[N, 64]`."""
    table = np.zeros((len(times), NUM_PITCHES), bool)
    for note in notes:
        place = int(np.abs(times - note.start).argmin())
        if abs(times[place] - note.start) <= 0.05:
            table[place, note.pitch - MIN_PITCH] = True
    return table


def struck_classes(notes: Sequence[Note], times: np.ndarray) -> np.ndarray:
    """Which pitch classes are struck at the times, bool `[N, 12]`."""
    table = np.zeros((len(times), CLASSES), bool)
    for place, pitch in zip(*np.nonzero(struck_at(notes, times)), strict=True):
        table[place, (pitch + MIN_PITCH) % CLASSES] = True
    return table


def bits(struck: np.ndarray, probable: np.ndarray) -> float:
    """Mean over attacks of the bits of all decisions, of probabilities kept off 0 and 1 by a hundredth."""
    sure = np.clip(np.where(struck, probable, 1.0 - probable), 0.01, 1.0)
    return float(-np.log2(sure).sum(axis=1).mean())


def chord_tones(harmony: Harmony, times: np.ndarray) -> np.ndarray:
    """Which pitch classes the chords have at the times, bool `[N, 12]`."""
    table = np.zeros((len(times), CLASSES), bool)
    for place, time in enumerate(times):
        table[place, [pitch % CLASSES for pitch in harmony.spans[harmony.index_at(time)].pitches]] = True
    return table


def base_bits(pieces: Sequence[Piece]) -> list[float]:
    """`bits` of every piece where only chord tones and others are told apart, by how common they are."""
    told = []
    for piece in pieces:
        times = np.unique([round(hit.time, 3) for hit in piece.steering.rhythm.hits])
        told.append((struck_classes(piece.notes, times), chord_tones(piece.steering.harmony, times)))
    struck, chord = (np.concatenate(parts) for parts in zip(*told, strict=True))
    common = {inside: struck[chord == inside].mean() for inside in (True, False)}
    return [bits(own, np.where(inside, common[True], common[False])) for own, inside in told]


def highest_voice(notes: Sequence[Note]) -> np.ndarray:
    """Semitones from one attack's highest pitch to the next one's."""
    tops: dict[float, int] = {}
    for note in notes:
        start = round(note.start, 2)
        tops[start] = max(tops.get(start, 0), note.pitch)
    return np.diff([tops[start] for start in sorted(tops)])


def repeated(steps: np.ndarray) -> float:
    """The share of patterns that occur more than once; those that stand still are left out."""
    rows = [tuple(steps[i : i + PATTERN]) for i in range(len(steps) - PATTERN + 1)]
    found = collections.Counter(row for row in rows if any(row))
    return sum(count for count in found.values() if count > 1) / max(sum(found.values()), 1)


def entropy(notes: Sequence[Note]) -> float:
    """Bits of the distribution of pitches."""
    counts = np.asarray(list(collections.Counter(note.pitch for note in notes).values()), float)
    return float(-(counts / counts.sum() * np.log2(counts / counts.sum())).sum())


def described(truth: Sequence[Note], notes: Sequence[Note]) -> dict[str, float]:
    """The measures of notes that need no probabilities."""
    steps, agreed = highest_voice(notes), agreement(truth, notes)
    return {
        "notes": agreed.note_f1,
        "classes": agreed.class_f1,
        "leading": float(np.abs(steps).mean()),
        "repeated": repeated(steps),
        "entropy": entropy(notes),
    }


def measure(pieces: Sequence[Piece], transformers: dict[str, Transformer]) -> dict[str, dict[str, float]]:
    """Means over the pieces, by who wrote."""
    rows: dict[str, list[dict]] = collections.defaultdict(list)
    for piece, base in zip(pieces, base_bits(pieces), strict=True):
        rhythm, harmony = piece.steering.rhythm, piece.steering.harmony
        ruled = arrange(rhythm, revoiced(harmony, piece.style), piece.style)
        rows["the piece"].append(described(piece.notes, piece.notes))
        rows["rules"].append(described(piece.notes, ruled))
        for name, transformer in transformers.items():
            written, told = by_transformer(piece, transformer)
            rows[name].append(described(piece.notes, written) | told)
        rows["how common"].append({"bits": base})
    return {who: {name: float(np.mean([r[name] for r in of])) for name in of[0]} for who, of in rows.items()}


def table(measured: dict[str, dict[str, float]]) -> str:
    """The means as a Markdown table."""
    names = ("notes", "classes", "leading", "repeated", "entropy", "bits", "roll")
    lines = [
        [who, *(f"{of[name]:.2f}" if name in of else "–" for name in names)] for who, of in measured.items()
    ]
    return markdown(["by", *names], lines)


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("midi", None, "Folder of scores as MIDI files.", values, required=True)
    flags.DEFINE_list("others", [], "Weights to judge beside the bundled ones: NAME=FILE,...", values)
    flags.DEFINE_integer("seed", 0, "Other styles are drawn.", 0, flag_values=values)
    return values


def compare(values: flags.FlagValues) -> None:
    """Print the table of a folder's scores."""
    generator = np.random.default_rng(values.seed)
    paths = sorted(pathlib.Path(values.midi).glob("*.mid"))
    if not paths:
        raise UserError(f"--midi={values.midi}: no .mid files there; data.sources.free_scores writes some")
    others = {name: read_transformer(path) for name, path in named_weights(values.others).items()}
    pieces = [read_piece(path, generator) for path in paths]
    print(f"{len(pieces)} pieces: {', '.join(piece.name for piece in pieces)}\n")
    print(table(measure(pieces, {"transformer": bundled_transformer()} | others)))


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return command.run_strict("compjax.evaluation.written.real_music", __doc__, define_flags, compare, argv)


if __name__ == "__main__":
    sys.exit(run())
