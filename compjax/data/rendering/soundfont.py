"""Rendering notes through a SoundFont synthesiser (FluidSynth).

A font is loaded once per process; every render has a synthesiser of its own, so that it
depends on nothing but its arguments. Reverb and chorus are off: rooms are ours (`effects.py`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np

from compjax.constants import SAMPLE_RATE
from compjax.data.rendering.drums import Drums
from compjax.data.rendering.effects import Colour, apply_colour
from compjax.data.rendering.tones import Tones
from compjax.errors import UserError
from compjax.music.score import HIGH, LOW, MID, Note

SEARCH_VARIABLE = "COMPJAX_SOUNDFONTS"
SEARCH_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts")
PACKAGES = {
    "FluidR3_GM.sf2": "fluid-soundfont-gm",
    "MuseScore_General_Lite.sf3": "musescore-general-soundfont-small",
    "Black_Pearl_4_LV2.sf2": "avldrums.lv2-soundfont",
    "Red_Zeppelin_4_LV2.sf2": "avldrums.lv2-soundfont",
    "TimGM6mb.sf2": "timgm6mb-soundfont",
    "sf_GMbank.sf2": "csound-soundfont",
}
"""Debian package of each soundfont we know."""

SYNTHETIC_TONES, SYNTHETIC_DRUMS = "tones", "drums"
"""Fonts that are no files: any program number is an instrument or a kit of its own."""

PREROLL = 1.0  # seconds rendered before the clip, so that earlier notes are heard dying away
KIT_RATE = 2 * SAMPLE_RATE  # cymbals reach beyond 12 kHz: render above, then decimate without aliases
BLOCK = 64  # samples: FluidSynth starts and ends notes on its blocks
CHANNEL = 0
BEND_PER_CENT = 8192 / 200  # the wheel's reach is two semitones
SETTINGS = {
    "synth.reverb.active": 0,
    "synth.chorus.active": 0,
    "synth.polyphony": 96,  # voices at once; a stereo piano takes two a note
}


@dataclasses.dataclass(frozen=True)
class Timbre:
    """An instrument or a drum kit, and how it sounds in its room.

    `pieces` are the MIDI keys that a kit's low, mid and high voice strike in turn, `balance` the
    factors on their velocities.
    """

    font: str
    program: int
    bank: int = 0
    is_kit: bool = False
    pieces: tuple[tuple[int, ...], ...] = ((36,), (38,), (42,))
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    colour: Colour = Colour()
    tuning: float = 0.0  # cents above A 440


def find_font(name: str) -> pathlib.Path:
    """Path of a soundfont by file name, in $COMPJAX_SOUNDFONTS and the system's folders.

    Raises:
      UserError: if it is in none of them; the message names the Debian package.
    """
    extra = [folder for folder in os.environ.get(SEARCH_VARIABLE, "").split(os.pathsep) if folder]
    for folder in (*extra, *SEARCH_FOLDERS):
        path = pathlib.Path(folder) / name
        if path.is_file():
            return path
    package = PACKAGES.get(name)
    remedy = f"install it (apt-get install {package})" if package else "install it"
    raise UserError(f"soundfont {name} not found: {remedy} or name its folder in ${SEARCH_VARIABLE}")


WARNING = 2  # FluidSynth's log level: empty channels are no news


def library():
    """FluidSynth's C functions, with the types of those that the bindings leave out.

    Raises:
      UserError: if the bindings or the library are not installed.
    """
    import ctypes

    try:
        import fluidsynth
    except ImportError as error:
        raise UserError(
            f"rendering needs FluidSynth ({error}): apt-get install libfluidsynth3, pip install pyfluidsynth"
        ) from error
    functions = fluidsynth._fl  # the bindings only have the dithered 16-bit output and no shared fonts
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    functions.fluid_synth_write_float.argtypes = (pointer, integer, *(pointer, integer, integer) * 2)
    functions.fluid_synth_get_sfont_by_id.argtypes = (pointer, integer)
    functions.fluid_synth_get_sfont_by_id.restype = pointer
    functions.fluid_synth_add_sfont.argtypes = (pointer, pointer)
    functions.fluid_synth_remove_sfont.argtypes = (pointer, pointer)
    functions.fluid_set_log_function.argtypes = (integer, pointer, pointer)
    functions.fluid_set_log_function(WARNING, None, None)
    return fluidsynth, functions


class Font:
    """A soundfont in memory, played by a fresh synthesiser for every render."""

    def __init__(self, name: str):
        self._bindings, self._functions = library()
        path = find_font(name)
        self._loader = self._bindings.Synth()
        number = self._loader.sfload(str(path))
        if number < 0:
            raise UserError(f"cannot read the soundfont {path}: it may be damaged; install it again")
        self._font = self._functions.fluid_synth_get_sfont_by_id(self._loader.synth, number)

    @contextlib.contextmanager
    def _synthesiser(self, rate: int, bank: int, program: int) -> Iterator[int]:
        """A synthesiser with the font's program on channel 0; new, so no voice remembers earlier notes."""
        synth = self._bindings.Synth(gain=0.4, samplerate=rate, channels=16, **SETTINGS)
        number = self._functions.fluid_synth_add_sfont(synth.synth, self._font)
        try:
            if synth.program_select(CHANNEL, number, bank, program) < 0:
                raise UserError(f"the soundfont has no program {program} in bank {bank}")
            yield synth
        finally:
            self._functions.fluid_synth_remove_sfont(synth.synth, self._font)  # the loader keeps it
            synth.delete()

    def render(
        self,
        events: list[tuple[int, int, int]],
        bank: int,
        program: int,
        samples: int,
        rate: int,
        tuning: float = 0.0,
    ) -> np.ndarray:
        """Mono audio `[samples]` of events (sample, key, MIDI velocity; 0 ends the note) in order of time.

        `tuning` is in cents above A 440, at most 200.
        """
        length = -(-samples // BLOCK) * BLOCK
        stereo = np.zeros((length, 2), np.float32)
        left, write, now = stereo.ctypes.data, self._functions.fluid_synth_write_float, 0
        with self._synthesiser(rate, bank, program) as synth:
            synth.pitch_bend(CHANNEL, round(BEND_PER_CENT * tuning))
            for sample, key, velocity in [*events, (length, 0, 0)]:
                at = min(int(sample / BLOCK + 0.5) * BLOCK, length)
                if at > now:
                    write(synth.synth, at - now, left, 2 * now, 2, left, 2 * now + 1, 2)
                    now = at
                if velocity:
                    synth.noteon(CHANNEL, key, velocity)
                else:
                    synth.noteoff(CHANNEL, key)
        return (stereo[:samples, 0] + stereo[:samples, 1]) / 2


@functools.cache
def load_font(name: str) -> Font | Tones | Drums:
    """What plays a timbre: a soundfont by file name, kept for the life of the process, or a synthesiser."""
    synthesisers = {SYNTHETIC_TONES: Tones, SYNTHETIC_DRUMS: Drums}
    return synthesisers[name]() if name in synthesisers else Font(name)


def events_of(keys: Iterable[tuple[float, float, int, float]], rate: int) -> list[tuple[int, int, int]]:
    """Events (sample, key, MIDI velocity) of (start, end, key, velocity); ends come before starts."""
    events = []
    for start, end, key, velocity in keys:
        events.append((round(start * rate), key, int(np.clip(round(127 * velocity), 1, 127))))
        events.append((round(end * rate), key, 0))
    return sorted(events, key=lambda event: (event[0], event[2] > 0))


def kit_voice(pitch: int) -> int:
    """Which place of a kit a pitch strikes: below 50 low, up to 67 mid, above high."""
    return LOW if pitch < 50 else MID if pitch <= 67 else HIGH


def kit_keys(notes: Iterable[Note], kit: Timbre) -> list[tuple[float, float, int, float]]:
    """(start, end, key, velocity) of the pieces struck: each voice goes through its pieces in turn.

    Notes of one voice that start together are one stroke.
    """
    struck: dict[int, tuple[float, int]] = {}
    keys = []
    for note in sorted(notes, key=lambda n: n.start):
        voice = kit_voice(note.pitch)
        last, count = struck.get(voice, (-1e9, 0))
        if note.start - last < 0.01:
            continue
        struck[voice] = (note.start, count + 1)
        key = kit.pieces[voice][count % len(kit.pieces[voice])]
        keys.append((note.start, max(note.end, note.start + 0.3), key, note.velocity * kit.balance[voice]))
    return keys


def halve_rate(audio: np.ndarray) -> np.ndarray:
    """Every second sample `[S // 2]` of `[S]`, without what lies above the new half rate."""
    length = len(audio)
    spectrum = np.fft.rfft(audio)[: length // 4 + 1]
    edge = max(len(spectrum) // 24, 1)
    spectrum[-edge:] *= np.linspace(1.0, 0.0, edge)
    return np.fft.irfft(spectrum, length // 2).astype(np.float32) / 2


def render(notes: Iterable[Note], timbre: Timbre, seconds: float) -> np.ndarray:
    """Audio float32 `[seconds * 24000]` of the notes played by the timbre, its colour included.

    Notes may begin before time 0: they are struck at most `PREROLL` seconds before it.

    Raises:
      UserError: if FluidSynth, the soundfont or the program is missing.
    """
    rate = KIT_RATE if timbre.is_kit else SAMPLE_RATE
    alive = [note for note in notes if note.start < seconds and note.end > -PREROLL]
    before = PREROLL if any(note.start < 0 for note in alive) else 0.0
    if timbre.is_kit:
        keys = kit_keys(alive, timbre)
    else:
        keys = [(note.start, note.end, note.pitch, note.velocity) for note in alive]
    shifted = [(max(start + before, 0.0), end + before, key, velocity) for start, end, key, velocity in keys]
    total = round((before + seconds) * rate)
    events, player = events_of(shifted, rate), load_font(timbre.font)
    audio = player.render(events, timbre.bank, timbre.program, total, rate, timbre.tuning)
    audio = halve_rate(audio) if timbre.is_kit else audio
    return apply_colour(audio, timbre.colour)[-round(seconds * SAMPLE_RATE) :]
