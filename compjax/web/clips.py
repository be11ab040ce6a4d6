"""Clips that visitors bring: taken in, decoded at once, and from then on sound in memory only."""

from __future__ import annotations

import os
import pathlib
import re
import threading

import numpy as np

from compjax.audio import loudness, waveform
from compjax.constants import MIN_SECONDS, SAMPLE_RATE
from compjax.errors import UserError
from compjax.music.time.meter import HEARD, GridSettings
from compjax.web import results

DEMO = pathlib.Path(__file__).parents[1] / "assets" / "demo"

EXAMPLES = {
    "drums": ("Percussion", "drums.flac"),
    "fifths": ("Guitar fifths", "fifths.flac"),
    "guitar": ("Guitar chord", "guitar.flac"),
    "piano": ("Piano chords", "piano.flac"),
}
"""Bundled clips by name: what the page calls them, and the file."""

EXAMPLE_PAIRS = (("drums", "fifths"), ("drums", "guitar"), ("drums", "piano"))
"""Input and target of the pairs that load with one click."""

MAX_HEARD = 32
"""Settings of a clip's grid that are remembered."""

MAX_NAME = 80
"""Characters of a file's name that are kept, for showing."""


class HeldClip:
    """A clip as it is heard: 24 kHz mono, in memory."""

    busy = False  # a composition holds on to its clips by itself
    rate = SAMPLE_RATE

    def __init__(self, name: str, audio: np.ndarray, remarks: tuple[str, ...] = ()):
        """`name` is for showing, never a path; `audio` is `[S]` float32; `remarks` say what was mended."""
        self.name = name
        self.audio = audio
        self.remarks = remarks
        self._looking = threading.Lock()
        self._heard: dict[GridSettings, dict] = {}

    @property
    def source(self) -> np.ndarray:
        """What is composed on, at `rate`."""
        return self.audio

    @property
    def parts(self) -> dict[int, int]:
        """Bytes by `id`, see `Shelf`."""
        return {id(self.audio): self.audio.nbytes}

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.audio.size / SAMPLE_RATE

    def wav(self) -> bytes:
        """The clip as a WAV file."""
        return results.wav_of(self.audio)

    def heard_by(self, session, grid: GridSettings = HEARD) -> dict:
        """Beats, hits and chords, see `results.heard`; listened for once for each setting of the grid."""
        with self._looking:
            if grid not in self._heard:
                if len(self._heard) >= MAX_HEARD:
                    self._heard.clear()
                view = session.listen(self.audio, sample_rate=SAMPLE_RATE, grid=grid)
                self._heard[grid] = results.heard(view)
            return self._heard[grid]


def decode(path: str | os.PathLike, name: str, max_seconds: float) -> HeldClip:
    """The clip of a sound file.

    Args:
        path: the file.
        name: what the visitor calls it; messages say that and not `path`.
        max_seconds: longest clip that is taken.

    Raises:
        UserError: if it is no sound file, too short, too long, damaged or silent.
    """
    name = shown(name)
    try:
        info = waveform.read_info(path)
        if info.seconds > max_seconds:
            raise UserError(
                f"{name}: {info.seconds:.0f} seconds is too long for this server; "
                f"cut it to {max_seconds:.0f} at most"
            )
        recording = waveform.read_recording(path)
    except UserError as error:
        raise UserError(str(error).replace(os.fspath(path), name)) from error
    audio = recording.audio
    if audio.size < MIN_SECONDS * SAMPLE_RATE:
        raise UserError(f"{name}: less than {MIN_SECONDS} seconds of it can be read; export it again")
    if loudness.level(audio) < loudness.SILENCE_RMS:
        raise UserError(f"{name} is silent; give a clip with sound in it")
    return HeldClip(name, audio, recording.remarks)


def example(name: str) -> HeldClip:
    """The bundled clip of that name.

    Raises:
        UserError: if there is none.
    """
    if name not in EXAMPLES:
        raise UserError(f"there is no example {name!r}; there are {', '.join(EXAMPLES)}")
    title, file = EXAMPLES[name]
    return HeldClip(title, waveform.read(DEMO / file))


def shown(name: str) -> str:
    """A file's name made fit to show: its last part, no control characters, not too long."""
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(c for c in last if c.isprintable()).strip()
    return clean[:MAX_NAME] or "the clip"


def slug(name: str) -> str:
    """A name's beginning in letters, digits and hyphens, for the names of downloads."""
    return re.sub(r"[^A-Za-z0-9]+", "-", pathlib.PurePosixPath(name).stem).strip("-").lower()[:30] or "clip"
