"""What a caller asks for in files, checked as far as it can be before anything heavy loads."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Iterator, Sequence

from compjax.audio.sound_files import NO_FLOATS, SFZ_NAME
from compjax.compose.asked.options import ComposeOptions
from compjax.errors import UserError
from compjax.files import MAX_NAME_BYTES, shown
from compjax.music.roles import VOICE_NAMES

MIDI_DIGEST = "midi_sha256"
"""Key of a report's JSON file under which the digest of the MIDI file beside it stands."""

OUR_PAGE = "<footer>Made by compjax.</footer>"
"""What a page of ours holds near its end."""

SOUND_SUFFIXES = (".wav", ".flac")
"""Endings that a composition's sound can be saved under."""

PICTURE_SUFFIXES = (".png", ".svg")
"""Endings that a picture can be saved under."""


@dataclasses.dataclass(frozen=True)
class Extras:
    """What is written besides sound, MIDI and JSON.

    Attributes:
        plot: path of a picture; with several variations, numbered as they are.
        report: whether an HTML page is written beside each sound.
        save_groove: path for the groove that was composed on.
        save_chords: path for the chords that it was composed on.
        sfz: folder for the instrument that it was played on.
    """

    plot: str | None = None
    report: bool = False
    save_groove: str | None = None
    save_chords: str | None = None
    sfz: str | None = None


@dataclasses.dataclass(frozen=True)
class Request:
    """Clips, output and options of one or several compositions.

    Attributes:
        input: path of the input clip; None where a groove stands in its place.
        target: path of the target clip.
        output: path of the sound to write.
        num_samples: variations; above 1, their files are numbered.
        options: see `ComposeOptions`.
        groove: path of a groove in the place of the input.
        chords: path of chords in the place of those that are heard.
        extras: what else is written.
        overwrite: whether files beside the sound are replaced that no earlier composition has written.
    """

    input: str | None
    target: str
    output: str
    num_samples: int = 1
    options: ComposeOptions = ComposeOptions()
    groove: str | None = None
    chords: str | None = None
    extras: Extras = Extras()
    overwrite: bool = False

    def outputs(self) -> list[pathlib.Path]:
        """Path of the sound of each variation: the one asked for, or numbered ones."""
        return self._numbered(self.output)

    def _numbered(self, path: str) -> list[pathlib.Path]:
        path = pathlib.Path(path)
        if self.num_samples == 1:
            return [path]
        return [path.with_name(f"{path.stem}_{i}{path.suffix}") for i in range(self.num_samples)]

    def written(self, index: int) -> list[pathlib.Path]:
        """All files of variation `index`; groove and chords, which all share, are the first's."""
        sound, extras = self.outputs()[index], self.extras
        paths = [*output_paths(sound)]
        paths += [self._numbered(extras.plot)[index]] if extras.plot else []
        paths += [page_path(sound)] if extras.report else []
        paths += stem_paths(sound) if self.options.stems else []
        shared = (extras.save_groove, extras.save_chords)
        return paths + [pathlib.Path(path) for path in shared if path and index == 0]

    def check(self) -> None:
        """Look at the paths.

        Raises:
            UserError: if a file that is to be read is missing or none, or an output cannot be
                written, would replace one that is read, or is asked for twice.
        """
        read = {"input": self.input, "target": self.target, "groove": self.groove, "chords": self.chords}
        for role, path in read.items():
            if path is not None:
                _check_read(role, path)
        if self.extras.plot:
            picture_kind(self.extras.plot)
        if self.options.bit_depth == "32f" and self.output.lower().endswith(NO_FLOATS):
            raise UserError(f"{shown(self.output)}: FLAC holds no floats; give --bit_depth=24, or a WAV")
        if self.extras.sfz:
            _check_sfz(pathlib.Path(self.extras.sfz), self.overwrite)
        given = [path for path in read.values() if path is not None]
        taken: set[str] = set()
        for index in range(self.num_samples):
            for path in self.written(index):
                _check_output(path, given)
                if os.path.realpath(path) in taken:
                    raise UserError(f"{path} would be written twice; give its files different names")
                taken.add(os.path.realpath(path))
            if not self.overwrite:
                _check_ours(self.outputs()[index], self.extras.report, self.options.stems)

    def carry_out(self, session, progress=None) -> Iterator[tuple]:
        """Compositions with the paths they are meant for, one after the other.

        Raises:
            UserError: if groove or chords cannot be read, or a clip will not do.
        """
        given, options = self.given()
        values = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
        made = session.compose_many(given, self.target, self.num_samples, progress=progress, **values)
        yield from zip(made, self.outputs(), strict=True)

    def given(self) -> tuple:
        """What stands in the input's place, and the options with the chords, both read from their files."""
        given, options = self.input, self.options
        if self.groove is not None:
            from compjax.music.groove import read_groove

            given, options = read_groove(self.groove), options.for_groove()
        if self.chords is not None:
            from compjax.music.chords.chord_files import read_chords

            options = dataclasses.replace(options, chords=read_chords(self.chords))
        return given, options

    def write(self, composition, index: int) -> tuple[list[pathlib.Path], list[str]]:
        """Write variation `index`: the sound first, then what is asked for beside it.

        Returns:
            The paths written, and why the others were not, a sentence each.

        Raises:
            UserError: if the sound cannot be written.
        """
        sound = self.outputs()[index]
        written, failures = composition.save_with_failures(sound)
        written = list(written)
        for path, save in self._beside(composition, index, sound):
            try:
                save(path)
                written.append(pathlib.Path(path))
            except UserError as error:
                failures.append(f"{shown(path)} is not written: {error}")
        return written, failures

    def _beside(self, composition, index: int, sound: pathlib.Path) -> Iterator[tuple]:
        """Paths of what else is written of variation `index`, and what writes it."""
        extras = self.extras
        if extras.save_groove and index == 0:
            yield extras.save_groove, composition.save_groove
        if extras.save_chords and index == 0:
            yield extras.save_chords, composition.save_chords
        if extras.sfz and index == 0:
            yield extras.sfz, composition.save_sfz
        if extras.plot:
            yield self._numbered(extras.plot)[index], composition.plot
        if extras.report:
            yield page_path(sound), composition.save_page


def output_paths(path: str | os.PathLike) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
    """Paths of the sound, MIDI and JSON files of a composition that is saved as `path`.

    Raises:
        UserError: if `path` ends in none of `SOUND_SUFFIXES`.
    """
    sound = pathlib.Path(path)
    if sound.suffix.lower() not in SOUND_SUFFIXES:
        raise UserError(f"cannot write {os.fspath(path)}: its name must end in {' or '.join(SOUND_SUFFIXES)}")
    return sound, sound.with_suffix(".mid"), sound.with_suffix(".json")


def stem_paths(sound: str | os.PathLike) -> list[pathlib.Path]:
    """Paths of the stems beside a sound file, low, mid and high."""
    sound = pathlib.Path(sound)
    return [sound.with_name(f"{sound.stem}_{name}{sound.suffix}") for name in VOICE_NAMES]


def page_path(sound: str | os.PathLike) -> pathlib.Path:
    """Path of the page beside a sound file."""
    return pathlib.Path(sound).with_suffix(".html")


def picture_kind(path: str | os.PathLike) -> str:
    """The form of a picture that is saved as `path`: "png" or "svg".

    Raises:
        UserError: if its name ends otherwise.
    """
    suffix = pathlib.Path(path).suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        raise UserError(
            f"cannot write {os.fspath(path)}: a picture's name must end in {' or '.join(PICTURE_SUFFIXES)}"
        )
    return suffix[1:]


def _check_read(role: str, path: str) -> None:
    if not os.path.exists(path):
        raise UserError(f"there is no {role} file {shown(path)}")
    if not os.path.isfile(path):
        raise UserError(f"the {role} {shown(path)} is not a file; give the name of one file")


def _check_output(path: pathlib.Path, given: Sequence[str]) -> None:
    folder, name = path.parent, shown(path)
    if len(os.fsencode(path.name)) > MAX_NAME_BYTES:
        raise UserError(f"cannot write {name}: the name is longer than {MAX_NAME_BYTES} bytes; shorten it")
    if not folder.is_dir():
        raise UserError(f"cannot write {name}: the folder {shown(folder)} does not exist; create it first")
    if path.is_dir():
        raise UserError(f"cannot write {name}: it is a folder; give the name of a file")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"cannot write {name}: permission to write in {shown(folder)} is denied")
    if path.exists() and any(os.path.samefile(path, clip) for clip in given):
        raise UserError(f"cannot write {name}: it is one of the files that are read; choose another name")


def _check_ours(sound: pathlib.Path, report: bool, stems: bool) -> None:
    """UserError if a file beside `sound` would be replaced that nobody named and that is not of ours."""
    _, midi, text = output_paths(sound)
    page = page_path(sound)
    ours = _our_report(text)
    mine = {
        text: ours is not None,
        midi: ours is not None and ours.get(MIDI_DIGEST) in (None, _digest(midi)),
        page: OUR_PAGE.encode() in _end_of(page),
    }
    beside = stem_paths(sound) if stems else []
    mine |= {path: ours is not None and ours.get("options", {}).get("stems") is True for path in beside}
    for path in (midi, text, *((page,) if report else ()), *beside):
        if path.exists() and not mine[path]:
            raise UserError(
                f"{shown(path)} is there already and is no composition's; give --overwrite to replace it, "
                "or another --output"
            )


def _check_sfz(folder: pathlib.Path, overwrite: bool) -> None:
    """UserError if an instrument cannot be written into a folder, or would mix with other files."""
    name = shown(folder)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"cannot write an instrument to {name}: it is a file; give the name of a folder")
    if not folder.parent.is_dir():
        raise UserError(f"cannot make the folder {name}: {shown(folder.parent)} does not exist; create it")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / SFZ_NAME).exists() and not overwrite:
        raise UserError(f"{name} has other files in it; give --overwrite, or an empty folder")


def _our_report(path: pathlib.Path) -> dict | None:
    """The report of an earlier composition, None where a file holds none."""
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return report if isinstance(report, dict) and {"agent", "verdict", "checksums"} <= set(report) else None


def _digest(path: pathlib.Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _end_of(path: pathlib.Path) -> bytes:
    """The last part of a file, where a page of ours says so; nothing if it cannot be read."""
    try:
        return path.read_bytes()[-50_000:]
    except OSError:
        return b""
