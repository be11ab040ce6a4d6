"""Clips for the recipes of the documentation, made from nothing: guitar strums, organ, tabla, strings.

    python -m compjax.docs.example_clips clips

writes strum.wav, organ.wav, tabla.wav and strings.wav. They are sketches of these instruments, the same
bytes every time: the strings of the guitar are plucked by Karplus and Strong's algorithm (Computer Music
Journal 7(2), 1983), the others are sums of partials.
"""

from __future__ import annotations

import itertools
import pathlib
import sys

import numpy as np

from compjax import command
from compjax.audio import waveform
from compjax.audio.loudness import limit_peaks, normalize_rms
from compjax.constants import SAMPLE_RATE, midi_to_hz
from compjax.errors import EXIT_CODE, UserError
from compjax.files import make_folder

SEED = 5
SECONDS = 8.0
BEAT = 0.5  # seconds: 120 beats per minute
TALA = "dha te na ge  na te dha na  dha na ge na  te na dha na".split()
"""Strokes of the tabla, four to the beat."""
STRUMS = ((0.0, 1), (1.0, 1), (1.5, -1), (2.5, -1), (3.0, 1), (3.5, -1))
"""Beats of the bar at which the guitar is struck, and whether downwards (1) or upwards (-1)."""
OPEN_CHORDS = ((40, 47, 52, 55, 59, 64), (45, 52, 57, 60, 64), (50, 57, 62, 65), (43, 47, 50, 55, 59, 67))
"""Em, Am, Dm, G as a guitar has them, MIDI pitches; a bar each."""
HELD_CHORDS = ((38, 53, 57, 60, 65), (43, 53, 57, 59, 65), (36, 52, 55, 59, 64), (45, 52, 55, 60, 64))
"""Dm7, G9, Cmaj7, Am7: two seconds each."""


def silence() -> np.ndarray:
    """An empty clip `[S]`."""
    return np.zeros(round(SECONDS * SAMPLE_RATE))


def add(clip: np.ndarray, sound: np.ndarray, seconds: float) -> None:
    """Add a sound to a clip at a time; what reaches past its end is cut off."""
    first = round(seconds * SAMPLE_RATE)
    clip[first : first + sound.size] += sound[: clip.size - first]


def pluck(pitch: int, seconds: float, generator: np.random.Generator) -> np.ndarray:
    """A plucked string."""
    period = SAMPLE_RATE / midi_to_hz(pitch)
    line = int(period - 0.5)
    sound = np.zeros(round(seconds * SAMPLE_RATE))
    burst = np.convolve(generator.uniform(-1.0, 1.0, line), np.ones(4) / 4, mode="same")
    sound[:line] = burst - burst.mean()
    share = period - 0.5 - line  # of a sample by which the string is longer than the line
    for first in range(line, sound.size, line - 1):  # a period at once: each reads the one before
        now = np.arange(first, min(first + line - 1, sound.size))
        here, before, earlier = (sound[np.maximum(now - line - shift, 0)] for shift in (0, 1, 2))
        sound[now] = 0.996 * 0.5 * ((1 - share) * (here + before) + share * (before + earlier))
    return sound


def strum(generator: np.random.Generator) -> np.ndarray:
    """Open chords on a steel-string guitar, strummed down and up."""
    clip = silence()
    for bar, (beat, way) in itertools.product(range(4), STRUMS):
        strings = OPEN_CHORDS[bar] if way > 0 else OPEN_CHORDS[bar][:1:-1]
        for place, pitch in enumerate(strings):
            start = (4 * bar + beat) * BEAT + 0.011 * place
            add(clip, (0.9 if way > 0 else 0.6) * pluck(pitch, 0.75 if beat else 1.2, generator), start)
    return clip


def held(pitch: int, seconds: float, partials: np.ndarray, rise: float, vibrato: float = 0.0) -> np.ndarray:
    """A held tone of harmonics with given amplitudes; `vibrato` in cents at 5.5 Hz."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    bend = vibrato / 1200.0 * np.log(2.0) / (2 * np.pi * 5.5) * -np.cos(2 * np.pi * 5.5 * time)
    turn = 2 * np.pi * midi_to_hz(pitch) * (time + bend)
    sound = sum(
        amplitude * np.sin((k + 1) * turn)
        for k, amplitude in enumerate(partials)
        if (k + 1) * midi_to_hz(pitch) < SAMPLE_RATE / 2.2
    )
    return sound * np.clip(np.minimum(time, time[-1] - time) / rise, 0.0, 1.0)


def organ(generator: np.random.Generator) -> np.ndarray:
    """Held chords on an organ: drawbars 8', 4', 2 2/3', 2'."""
    del generator
    clip, bars = silence(), np.array([1.0, 0.7, 0.45, 0.3, 0.0, 0.15, 0.0, 0.12])
    for bar, chord in enumerate(HELD_CHORDS):
        for pitch in chord:
            add(clip, held(pitch, 4 * BEAT, bars, 0.015), 4 * BEAT * bar)
    return clip


def strings(generator: np.random.Generator) -> np.ndarray:
    """Held chords of a string section: four players a tone, a little apart in pitch."""
    clip, bowed = silence(), 1.0 / np.arange(1, 25) ** 1.2
    for (bar, chord), player in itertools.product(enumerate(HELD_CHORDS), range(4)):
        for pitch in chord:
            apart = pitch + 0.05 * generator.normal()
            late = 0.02 * player
            add(clip, held(apart, 4 * BEAT - late, bowed, 0.15, vibrato=12.0), 4 * BEAT * bar + late)
    return clip


def stroke(name: str, generator: np.random.Generator) -> np.ndarray:
    """One stroke of the tabla: the bass drum glides, the small one rings, a flat hand does neither."""
    time = np.arange(round(0.5 * SAMPLE_RATE)) / SAMPLE_RATE
    bass = np.sin(2 * np.pi * (75.0 * time + 30.0 * time * np.exp(-time / 0.12))) * np.exp(-time / 0.16)
    ring = sum(np.sin(2 * np.pi * 311.0 * k * time) * np.exp(-time * k / 0.14) / k for k in (1, 2, 3, 4, 5))
    tap = np.convolve(generator.normal(size=time.size), np.ones(3) / 3, mode="same") * np.exp(-time / 0.012)
    return {"ge": bass, "na": 0.6 * ring + 0.2 * tap, "te": 0.7 * tap, "dha": bass + 0.6 * ring + 0.2 * tap}[
        name
    ]


def tabla(generator: np.random.Generator) -> np.ndarray:
    """Sixteen strokes, four times."""
    clip = silence()
    for place, name in enumerate(TALA * 4):
        accent = 1.0 if place % 4 == 0 else 0.7
        add(clip, accent * stroke(name, generator), place * BEAT / 4)
    return clip


CLIPS = {"strum": strum, "organ": organ, "tabla": tabla, "strings": strings}


def write_clips(folder: pathlib.Path) -> list[pathlib.Path]:
    """Write every clip into a folder, which is made; UserError if it cannot be. Returns the paths."""
    make_folder(folder)
    paths = []
    for name, make in CLIPS.items():
        sound = limit_peaks(normalize_rms(make(np.random.default_rng(SEED)).astype(np.float32)))
        waveform.write(folder / f"{name}.wav", sound)
        paths.append(folder / f"{name}.wav")
    return paths


def main(arguments: list[str]) -> int:
    """The command; returns the exit status."""
    if set(arguments) & command.HELP_FLAGS:
        print(__doc__)
        return 0
    try:
        if len(arguments) != 1 or arguments[0].startswith("-"):
            raise UserError(f"give one folder to write to, not {' '.join(arguments) or 'nothing'}")
        print("Wrote", ", ".join(map(str, write_clips(pathlib.Path(arguments[0])))))
    except UserError as error:
        print(f"example_clips: {error}", file=sys.stderr)
        return EXIT_CODE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
