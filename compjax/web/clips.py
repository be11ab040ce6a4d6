"""Clips that visitors bring: taken in, decoded at once, and from then on sound in memory only."""

from __future__ import annotations

import os
import pathlib
import re
import threading

import numpy as np

from compjax.audio import loudness, waveform
from compjax.audio.sound_files import OUTPUT_RATES
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
    """A clip in memory: as it is heard, 24 kHz mono, and as it came, where that is more."""

    busy = False  # a composition holds on to its clips by itself

    def __init__(
        self,
        name: str,
        audio: np.ndarray,
        remarks: tuple[str, ...] = (),
        full: tuple[np.ndarray, int] | None = None,
    ):
        """Hold on to a clip.

        Args:
            name: for showing, never a path.
            audio: `[S]` float32 at 24 kHz.
            remarks: what was mended.
            full: the same `[S, C]` and its rate, where it has more channels or a higher rate.
        """
        self.name = name
        self.audio = audio
        self.source, self.rate = full or (audio, SAMPLE_RATE)  # what is composed on
        self.remarks = remarks
        self._looking = threading.Lock()
        self._heard: dict[GridSettings, dict] = {}

    @property
    def parts(self) -> dict[int, int]:
        """Bytes by `id`, see `Shelf`."""
        return {id(sound): sound.nbytes for sound in (self.audio, self.source)}

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
    return HeldClip(name, audio, recording.remarks, in_full(recording))


def in_full(recording: waveform.Waveform) -> tuple[np.ndarray, int] | None:
    """A recording's channels `[S, C]` at its own rate, up to 48 kHz; None if it is mono at 24 kHz or less."""
    original = recording.original
    if original is None or (original.rate <= SAMPLE_RATE and original.channels == 1):
        return None
    rate = max(rate for rate in OUTPUT_RATES if rate <= max(original.rate, SAMPLE_RATE))
    return original.stretch(0.0, original.frames / original.rate, rate, original.channels), rate


def example(name: str) -> HeldClip:
    """The bundled clip of that name.

    Raises:
        UserError: if there is none.
    """
    if name not in EXAMPLES:
        raise UserError(f"there is no example {name!r}; there are {', '.join(EXAMPLES)}")
    title, file = EXAMPLES[name]
    recording = waveform.read_recording(DEMO / file)
    return HeldClip(title, recording.audio, recording.remarks, in_full(recording))


def shown(name: str) -> str:
    """A file's name made fit to show: its last part, no control characters, not too long."""
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(c for c in last if c.isprintable()).strip()
    return clean[:MAX_NAME] or "the clip"


def slug(name: str) -> str:
    """A name's beginning in letters, digits and hyphens, for the names of downloads."""
    return re.sub(r"[^A-Za-z0-9]+", "-", pathlib.PurePosixPath(name).stem).strip("-").lower()[:30] or "clip"
