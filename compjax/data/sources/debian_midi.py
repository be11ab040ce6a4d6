"""Free music as MIDI files, out of packages of Debian: to learn from, to choose by, and held out.

    apt-get install freedoom simutrans-data openttd-openmsx planetblupi-music-midi
    python -m compjax.data.sources.debian_midi --output=midi

writes `midi/train`, `midi/dev`, `midi/test`. Two packages under permissive licences are learned from, but
for every eighth of their pieces by name, which is `dev`; all of those under the GPL is `test`. Nothing of
it is bundled with this package. `--root` is where the packages lie, such as a folder of `dpkg-deb --extract`.
"""

from __future__ import annotations

import dataclasses
import pathlib
import struct
import sys
from collections.abc import Iterator

from absl import flags

from compjax import command
from compjax.errors import UserError
from compjax.files import make_folder

EVERY = 8
"""Each piece of this number is to choose by."""

TRAIN, DEV, TEST = "train", "dev", "test"


@dataclasses.dataclass(frozen=True)
class DebianPackage:
    """Music of a package.

    Attributes:
        name, licence: as Debian has them.
        place: of its files, below the root.
        is_learned: whether it is learned from, or held out.
    """

    name: str
    licence: str
    place: str
    is_learned: bool


PACKAGES = (
    DebianPackage("freedoom", "BSD-3-Clause", "usr/share/games/doom/freedoom*.wad", True),
    DebianPackage("simutrans-data", "Artistic-1.0", "usr/share/games/simutrans/music/*.mid", True),
    DebianPackage("openttd-openmsx", "GPL-2", "usr/share/games/openttd/baseset/openmsx/*.mid", False),
    DebianPackage("planetblupi-music-midi", "GPL-3+", "usr/share/planetblupi/music/*.mid", False),
)


def music_of_wad(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and MIDI files of a Doom archive: a header, and at its end a directory of 16 bytes an entry.

    Raises:
        struct.error: if it is none.
    """
    magic, count, directory = struct.unpack_from("<4sii", content)
    if magic not in (b"IWAD", b"PWAD"):
        raise struct.error("it does not begin with IWAD or PWAD")
    for number in range(count):
        first, size, name = struct.unpack_from("<ii8s", content, directory + 16 * number)
        inside = content[first : first + size]
        if name.startswith(b"D_") and inside.startswith(b"MThd"):
            yield name.rstrip(b"\0").decode("ascii", "replace").lower(), inside


def pieces_of(package: DebianPackage, root: pathlib.Path) -> dict[str, bytes]:
    """Names and contents of a package's pieces, by name, each piece once.

    Raises:
        UserError: if the package is not there, or an archive of it is broken.
    """
    found: dict[bytes, str] = {}
    for path in sorted(root.glob(package.place)):
        content, name = path.read_bytes(), f"{package.name}_{path.stem}"
        try:
            inside = music_of_wad(content) if path.suffix == ".wad" else [("", content)]
            for piece, notes in inside:
                found.setdefault(notes, f"{name}_{piece}" if piece else name)
        except struct.error as error:
            raise UserError(f"cannot read {path} as a Doom archive: {error}") from error
    if not found:
        raise UserError(
            f"{root / package.place}: not there; apt-get install {package.name}, or name its --root"
        )
    return dict(sorted((name, notes) for notes, name in found.items()))


def split_of(package: DebianPackage, place: int) -> str:
    """Of a package's piece, by its place among their names."""
    if not package.is_learned:
        return TEST
    return TRAIN if (place + 1) % EVERY else DEV


def write_all(root: pathlib.Path, output: pathlib.Path) -> list[str]:
    """Write every package's pieces; a line for each package.

    Raises:
        UserError: if one is not there.
    """
    packages = {package: pieces_of(package, root) for package in PACKAGES}
    folders = {split: make_folder(output / split) for split in (TRAIN, DEV, TEST)}
    said = []
    for package, pieces in packages.items():
        splits = [split_of(package, place) for place in range(len(pieces))]
        for split, (name, notes) in zip(splits, pieces.items(), strict=True):
            (folders[split] / f"{name}.mid").write_bytes(notes)
        counts = ", ".join(f"{splits.count(split)} {split}" for split in folders if split in splits)
        said.append(f"{package.name} ({package.licence}): {counts}")
    return said


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("output", None, "Folder for the MIDI files.", values, required=True)
    flags.DEFINE_string("root", "/", "Where the packages lie.", values)
    return values


def write(values: flags.FlagValues) -> None:
    """Write the pieces, and say how many."""
    print("\n".join(write_all(pathlib.Path(values.root), pathlib.Path(values.output))))


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return command.run_strict("compjax.data.sources.debian_midi", __doc__, define_flags, write, argv)


if __name__ == "__main__":
    sys.exit(run())
