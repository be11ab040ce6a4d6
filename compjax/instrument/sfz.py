"""The captured instrument as an SFZ folder: single notes at several pitches and velocities, for any sampler.

SFZ is text that says which sample sounds for which keys and velocities (https://sfzformat.com). Our
instruments are linear in velocity, so within a layer `amp_velcurve` is a straight line, and layers meet.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib

import numpy as np

from compjax.audio import waveform
from compjax.audio.likeness import most_like
from compjax.audio.sound_files import SFZ_NAME
from compjax.constants import MIN_PITCH, REGISTER_EDGES
from compjax.files import atomic_path, make_folder
from compjax.instrument.capture import Instrument
from compjax.instrument.sampler import SamplerConfig, along
from compjax.music.arrange import KIT_PITCHES
from compjax.music.score import MAX_PITCH, Note

SAMPLES = "samples"
"""The folder beside the SFZ file with the samples."""

HEADING = "// An instrument that compjax heard in a recording."
"""The first line of the file."""


@dataclasses.dataclass(frozen=True)
class SfzConfig:
    """How an instrument is sampled.

    Attributes:
        step: semitones from one sampled pitch to the next.
        beyond: semitones that are sampled below and above what was heard.
        layers: highest MIDI velocity of each layer.
        held: seconds that a sustained note is held, and `ringing` one that dies away.
        tail: seconds in which what is let go dies away.
        quiet: share of a sample's peak below which its end is cut off.
        peak: of the loudest sample.
    """

    step: int = 4
    beyond: int = 7
    layers: tuple[int, ...] = (48, 88, 127)
    held: float = 3.0
    ringing: float = 5.0
    tail: float = 0.15
    quiet: float = 0.001
    peak: float = 0.89


@dataclasses.dataclass(frozen=True)
class Zone:
    """Keys from `low` to `high` that play what was sampled at `pitch`, MIDI."""

    low: int
    pitch: int
    high: int


def zones_of(instrument: Instrument, config: SfzConfig) -> list[Zone]:
    """The keys of an instrument: three for strokes, else what was heard and a little beyond."""
    if instrument.performer.is_kit:
        edges = (0, *(int(edge) for edge in REGISTER_EDGES), 128)
        return [Zone(low, p, high - 1) for low, p, high in zip(edges, KIT_PITCHES, edges[1:], strict=False)]
    heard = [note.pitch for note in instrument.performer.heard]
    first, last = max(min(heard) - config.beyond, MIN_PITCH), min(max(heard) + config.beyond, MAX_PITCH)
    pitches = list(range(first, last + 1, config.step))
    half = config.step // 2
    lows = [0, *(pitch - half for pitch in pitches[1:])]
    highs = [*(low - 1 for low in lows[1:]), 127]
    return [Zone(*keys) for keys in zip(lows, pitches, highs, strict=True)]


def save_sfz(
    instrument: Instrument, folder: str | os.PathLike, config: SfzConfig = SfzConfig()
) -> pathlib.Path:
    """Write an instrument into a folder, which is made; the path of its SFZ file.

    Raises:
        UserError: if it cannot be written.
    """
    folder = make_folder(folder, parents=False)
    samples = make_folder(folder / SAMPLES, parents=False)
    sustained, rate = instrument.performer.sustained, instrument.form.rate
    played = {
        (zone, layer): sampled(instrument, zone.pitch, velocity, layer, config)
        for zone in zones_of(instrument, config)
        for layer, velocity in enumerate(config.layers)
    }
    gain = config.peak / max(max(np.abs(sound).max() for sound in played.values()), 1e-9)
    lines = [HEADING, f"<control> default_path={SAMPLES}/", f"<global> ampeg_release={config.tail}"]
    for (zone, layer), sound in played.items():
        loop = None
        if sustained:
            sound, loop = looping(sound, rate)
        name = f"{zone.pitch:03d}_{config.layers[layer]:03d}.wav"
        waveform.write(samples / name, sound * np.float32(gain), rate, "24")
        lines.append(region(zone, layer, name, loop, instrument.performer.is_kit, config))
    with atomic_path(folder / SFZ_NAME) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / SFZ_NAME


def sampled(instrument: Instrument, pitch: int, velocity: int, seed: int, config: SfzConfig) -> np.ndarray:
    """One note of MIDI `velocity`, held, `[S]` or `[S, 2]`; one that dies away ends where it is silent."""
    seconds = config.held if instrument.performer.sustained else config.ringing
    rate = instrument.form.rate
    note = Note(0.0, seconds, pitch, velocity / 127)
    sound = instrument.play((note,), round(seconds * rate), (seed,))
    loud = np.abs(sound).reshape(len(sound), -1).max(axis=1)
    last = np.flatnonzero(loud > config.quiet * loud.max())
    return sound if instrument.performer.sustained or not last.size else sound[: last[-1] + 1]


def looping(
    sound: np.ndarray, rate: int, config: SamplerConfig = SamplerConfig()
) -> tuple[np.ndarray, tuple[int, int] | None]:
    """A held sound whose end goes on at a place that is like it, and that loop's first and last sample."""
    seam = round(config.seam * rate)
    last, first = len(sound) - seam, len(sound) // 3
    least = round(config.shortest_loop * rate)
    if last - least <= first + seam:
        return sound, None
    middle = sound.reshape(len(sound), -1).mean(axis=1)
    begin = first + most_like(middle[first : last - least], middle[last:])[0]
    rising = np.linspace(0.0, 1.0, seam)
    joint = along(sound[last:], 1.0 - rising) + along(sound[begin : begin + seam], rising)
    return np.concatenate([sound[:last], joint]), (begin + seam, last + seam - 1)


def region(
    zone: Zone, layer: int, name: str, loop: tuple[int, int] | None, is_kit: bool, config: SfzConfig
) -> str:
    """The line of one sample."""
    low, high = (0, *config.layers)[layer] + 1, config.layers[layer]
    words = {
        "sample": name,
        "lokey": zone.low,
        "hikey": zone.high,
        "pitch_keycenter": zone.pitch,
        "lovel": low,
        "hivel": high,
        f"amp_velcurve_{low}": f"{low / high:.4f}",
        f"amp_velcurve_{high}": 1,
        "pitch_keytrack": 0 if is_kit else 100,
        "loop_mode": "no_loop" if loop is None else "loop_continuous",
    }
    if loop is not None:
        words |= {"loop_start": loop[0], "loop_end": loop[1]}
    return "<region> " + " ".join(f"{word}={value}" for word, value in words.items())
