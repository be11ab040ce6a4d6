"""What a caller asks for in files, checked as far as it can be before anything heavy loads."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Iterator

from compjax.audio.errors import UserError
from compjax.inference.options import ComposeOptions

SOUND_SUFFIXES = (".wav", ".flac")
"""Endings that a composition's sound can be saved under."""

PICTURE_SUFFIXES = (".png", ".svg")
"""Endings that a picture can be saved under."""


@dataclasses.dataclass(frozen=True)
class Request:
    """Clips, output and options of one or several compositions.

    Attributes:
        input: path of the input clip.
        target: path of the target clip.
        output: path of the sound to write.
        num_samples: variations; above 1, their files are numbered.
        options: see `ComposeOptions`.
    """

    input: str
    target: str
    output: str
    num_samples: int = 1
    options: ComposeOptions = ComposeOptions()

    def outputs(self) -> list[pathlib.Path]:
        """Path of the sound of each variation: the one asked for, or numbered ones."""
        path = pathlib.Path(self.output)
        if self.num_samples == 1:
            return [path]
        return [path.with_name(f"{path.stem}_{i}{path.suffix}") for i in range(self.num_samples)]

    def check(self) -> None:
        """Look at the paths.

        Raises:
            UserError: if a clip is missing or no file, or an output cannot be written or would
                replace a clip.
        """
        for role, path in (("input", self.input), ("target", self.target)):
            _check_clip(role, path)
        for sound in self.outputs():
            for path in output_paths(sound):
                _check_output(path, (self.input, self.target))

    def carry_out(self, session, progress=None) -> Iterator[tuple]:
        """Compositions with the paths they are meant for, one after the other."""
        options = {
            field.name: getattr(self.options, field.name) for field in dataclasses.fields(self.options)
        }
        made = session.compose_many(self.input, self.target, self.num_samples, progress=progress, **options)
        yield from zip(made, self.outputs(), strict=True)


def output_paths(path: str | os.PathLike) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
    """Paths of the sound, MIDI and JSON files of a composition that is saved as `path`.

    Raises:
        UserError: if `path` ends in none of `SOUND_SUFFIXES`.
    """
    sound = pathlib.Path(path)
    if sound.suffix.lower() not in SOUND_SUFFIXES:
        raise UserError(f"cannot write {os.fspath(path)}: its name must end in {' or '.join(SOUND_SUFFIXES)}")
    return sound, sound.with_suffix(".mid"), sound.with_suffix(".json")


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


def _check_clip(role: str, path: str) -> None:
    if not os.path.exists(path):
        raise UserError(f"there is no {role} file {path}")
    if not os.path.isfile(path):
        raise UserError(f"the {role} {path} is not a file; give the name of one sound file")


def _check_output(path: pathlib.Path, clips: tuple[str, ...]) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise UserError(f"cannot write {path}: the folder {folder} does not exist; create it first")
    if path.is_dir():
        raise UserError(f"cannot write {path}: it is a folder; give the name of a file")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"cannot write {path}: permission to write in {folder} is denied")
    if path.exists() and any(os.path.samefile(path, clip) for clip in clips):
        raise UserError(f"cannot write {path}: it is one of the two clips; choose another name")
