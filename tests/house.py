"""The house in figures: python -m tests.house.

Files and lines by folder, nouns that mean two things, and the way of a pair of clips through the
folders while it is composed, followed call by call.
"""

from __future__ import annotations

import itertools
import pathlib
import sys

from tests.helpers.nouns import clashes

PACKAGE = pathlib.Path(__file__).parents[1] / "compjax"


def folder_of(path: str | pathlib.Path) -> str:
    """The folder of a file below `compjax/`."""
    return str(pathlib.Path(path).relative_to(PACKAGE).parent)


def sizes() -> dict[str, tuple[int, int]]:
    """Files and lines of every folder."""
    found: dict[str, tuple[int, int]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        files, lines = found.get(folder_of(path), (0, 0))
        count = len(path.read_text().splitlines())
        found[folder_of(path)] = files + (path.name != "__init__.py"), lines + count
    return found


def trip() -> tuple[list[str], list[str]]:
    """Files and folders on a pair's way through `Session.compose`, in turn, as often as entered."""
    import compjax

    session = compjax.load()
    clips = [PACKAGE / "assets" / "demo" / name for name in ("drums.flac", "fifths.flac")]
    files: list[str] = []

    def note(frame, event, argument):
        del argument
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(str(PACKAGE)):
            if not files or files[-1] != file:
                files.append(file)

    session.compose(*clips, rhythm="input", harmony="target", timbre="target")  # everything is compiled
    sys.setprofile(note)
    try:
        session.compose(*clips, rhythm="input", harmony="target", timbre="target")
    finally:
        sys.setprofile(None)
    folders = [folder for folder, _ in itertools.groupby(files, folder_of)]
    return files, folders


def main() -> None:
    """Print the figures."""
    found = sizes()
    for folder, (files, lines) in sorted(found.items()):
        print(f"{folder:24} {files:3} files {lines:6} lines")
    print(
        f"{'all':24} {sum(f for f, _ in found.values()):3} files {sum(n for _, n in found.values()):6} lines"
    )
    largest = max(files for files, _ in found.values())
    print(f"largest folder {largest} files; nouns with two meanings {len(clashes())}")
    for way, kind in zip(trip(), ("files", "folders"), strict=True):
        print(f"a pair on its way: {len(set(way))} {kind} entered, {len(way) - len(set(way))} returns to one")


if __name__ == "__main__":
    main()
