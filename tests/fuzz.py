"""Damaged files of every kind that people bring: each is read, or refused in one line.

    python -m tests.fuzz                         500 sound files, 100 of every other kind
    python -m tests.fuzz --audio=50 --others=10 --seed=3

A case is told by its kind, seed and number, and can be made again alone: --only=midi:17.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import os
import pathlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from compjax.errors import UserError

SECONDS = 20
"""Longest that reading one file may take."""

WORDS = (b"nan", b"inf", b"-1", b"0", b"1e999", b"9" * 400, b"1:0", b"0:1", b"\0", b"\xff\xfe", b"\xe9", b"#")
WORDS += (b",", b"[", b"]", b"/", b"C" * 500, b"\r", b"\t", b"7/8", b"N.C.", b"(", b"high", b"tempo", b"\n\n")
"""What stands in the place of words of texts."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """Files of one kind: whole ones by name, and what reads them."""

    whole: dict[str, bytes]
    read: Callable[[pathlib.Path], object]
    is_text: bool = False


def sounds() -> dict[str, bytes]:
    """Short sound files in all the usual forms."""
    import soundfile

    time_axis = np.arange(14_000) / 16_000
    audio = 0.3 * np.sin(2 * np.pi * 300 * time_axis[:, None] * [1.0, 1.5]) * np.exp(-3 * time_axis[:, None])
    made = {}
    for name, kind, subtype in (
        ("a.wav", "WAV", "PCM_16"), ("b.wav", "WAV", "FLOAT"), ("c.wav", "WAV", "DOUBLE"),
        ("d.flac", "FLAC", "PCM_24"), ("e.ogg", "OGG", "VORBIS"), ("f.mp3", "MP3", "MPEG_LAYER_III"),
        ("g.aiff", "AIFF", "PCM_24"),
        ("h.wav", "RF64", "PCM_16"), ("i.wav", "WAV", "ULAW"),
    ):  # fmt: skip
        buffer = io.BytesIO()
        soundfile.write(buffer, audio, 16_000, subtype, format=kind)
        made[name] = buffer.getvalue()
    return made


def midi() -> dict[str, bytes]:
    """A MIDI file of drums and one of chords, with tempo, meter and key."""
    import mido

    made = {}
    for name, channel in (("drums.mid", 9), ("chords.mid", 0)):
        track = mido.MidiTrack()
        track.append(mido.MetaMessage("set_tempo", tempo=400_000))
        track.append(mido.MetaMessage("time_signature", numerator=7, denominator=8))
        track.append(mido.MetaMessage("key_signature", key="Am"))
        for step in range(24):
            track.append(mido.Message("note_on", note=36 + step % 12, velocity=90, channel=channel))
            track.append(mido.Message("note_off", note=36 + step % 12, time=240, channel=channel))
        file, buffer = mido.MidiFile(type=1, tracks=[track]), io.BytesIO()
        file.save(file=buffer)
        made[name] = buffer.getvalue()
    return made


def weights() -> dict[str, bytes]:
    """A small weights file, as they are written and compressed."""
    from compjax.codec.weights import save_weights

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "w.npz"
        save_weights(path, {"agent": "x", "settings": {"deep": [1, 2]}}, {"a": {"b": np.ones((5, 3))}})
        plain, buffer = path.read_bytes(), io.BytesIO()
        with np.load(path) as stored:
            np.savez_compressed(buffer, **stored)
    return {"w.npz": plain, "z.npz": buffer.getvalue()}


GROOVE = b"""# a groove
seconds 8.0
tempo 120
beats_per_bar 4
first_beat 0.25
0.25  low 0.9 0.25
1:2.5 high 0.4
1:3   mid
5.5\thigh\t0.5\t# a remark
"""
CHORDS = b"# chords\n0 Am7/G\n1.95 Dm\n3.9 [C E F#]\n4.5\tG7(b9)\n6 N.C.\n7 C:min7/b3\n"
LAB = b"0.0 1.5 N\n1.5 3.25 C:maj\n3.25 5 A:min7/b3\n"
PAIRS = b'input,target\na.wav,b.wav\n# later\nc.flac , "d e.wav"\n'


def kinds() -> dict[str, Kind]:
    """Every kind of file that is read."""
    from compjax.codec.weights import load_weights
    from compjax.compose.clips.opening import open_clip
    from compjax.music.chords.chord_files import read_chords
    from compjax.music.groove import read_groove
    from compjax.pair_lists import read_pairs

    return {
        "audio": Kind(sounds(), lambda path: open_clip(path, "input")),
        "midi": Kind(midi(), lambda path: (read_chords if path.name[0] == "c" else read_groove)(path)),
        "weights": Kind(weights(), load_weights),
        "groove": Kind({"g.groove": GROOVE}, read_groove, True),
        "chords": Kind({"c.chords": CHORDS, "c.lab": LAB}, read_chords, True),
        "list": Kind({"pairs.csv": PAIRS}, read_pairs, True),
    }


def mutated(content: bytes, rng: np.random.Generator, is_text: bool) -> bytes:
    """The content, damaged in one way or a few."""
    for _ in range(rng.geometric(0.6)):
        content = _damaged(bytearray(content), rng, is_text)
    return bytes(content)


def _damaged(content: bytearray, rng: np.random.Generator, is_text: bool) -> bytes:
    size = max(len(content), 1)
    # Headers are short, and damage to them matters most.
    place = int(rng.integers(min(size, 120) if rng.random() < 0.4 else size))
    length = int(rng.integers(1, 64))
    way = rng.integers(10 if is_text else 8)
    if way in (6, 7):  # a byte: the smallest damage reaches furthest
        way = 0
    if way == 0:
        content[place : place + 1] = bytes([int(rng.integers(256))])
    elif way == 1:
        content[place : place + 4] = (b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\x80")[
            rng.integers(4)
        ]
    elif way == 2:
        del content[place:]
    elif way == 3:
        content[place:place] = rng.bytes(length)
    elif way == 4:
        content[place:place] = content[place : place + length] * int(rng.integers(1, 30))
    elif way == 5:
        del content[place : place + length]
    else:
        words = bytes(content).split(b" ")
        words[rng.integers(len(words))] = WORDS[rng.integers(len(WORDS))]
        content = b" ".join(words)
    return bytes(content)


def _too_long(*_) -> None:
    raise TimeoutError(f"more than {SECONDS} seconds")


def check(kind: Kind, name: str, seed: int, number: int, folder: pathlib.Path) -> str | None:
    """What is wrong with how damaged file `number` is read; None if it is read, or refused in one line."""
    rng = np.random.default_rng([seed, number, *name.encode()])
    file = list(kind.whole)[rng.integers(len(kind.whole))]
    path = folder / file
    path.write_bytes(mutated(kind.whole[file], rng, kind.is_text))
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        kind.read(path)
    except UserError as error:
        return None if "\n" not in str(error) else f"its message has several lines: {error!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        path.unlink()
    return None


def run(counts: dict[str, int], seed: int = 0, only: str | None = None) -> list[str]:
    """What went wrong over so many damaged files of every kind, a line each."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in kinds().items():
            for number in range(counts[name]):
                if only in (None, f"{name}:{number}"):
                    if said := check(kind, name, seed, number, pathlib.Path(folder)):
                        wrong.append(f"{name}:{number} (seed {seed}) {said}")
    return wrong


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", type=int, default=500)
    parser.add_argument("--others", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only")
    given = parser.parse_args()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    begun = time.monotonic()
    counts = {name: given.audio if name == "audio" else given.others for name in kinds()}
    wrong = run(counts, given.seed, given.only)
    print("\n".join(wrong), end="\n" if wrong else "")
    print(f"{sum(counts.values())} damaged files, {len(wrong)} wrong, {time.monotonic() - begun:.0f} s")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
