"""Free music out of packages that lie in a folder."""

import struct

import pytest

from compjax.data.sources import debian_midi


def wad(pieces):
    """A Doom archive."""
    body, entries = b"", b""
    for name, content in pieces.items():
        entries += struct.pack("<ii8s", 12 + len(body), len(content), name.encode())
        body += content
    return struct.pack("<4sii", b"IWAD", len(pieces), 12 + len(body)) + body + entries


@pytest.fixture
def root(tmp_path):
    for package in debian_midi.PACKAGES:
        folder = (tmp_path / package.place).parent
        folder.mkdir(parents=True)
        if package.place.endswith(".mid"):
            for number in range(9):
                (folder / f"{number}.mid").write_bytes(b"MThd" + f"{package.name}{number}".encode())
    pieces = {"MAP01": b"no music", "D_ONE": b"MThd1", "D_MUS": b"MUS", "D_TWO": b"MThd2"}
    (tmp_path / "usr/share/games/doom/freedoom1.wad").write_bytes(wad(pieces))
    (tmp_path / "usr/share/games/doom/freedoom2.wad").write_bytes(wad({"D_AGAIN": b"MThd2"}))
    return tmp_path


def test_pieces_are_written_once_and_by_split(root, tmp_path):
    said = debian_midi.write_all(root, tmp_path / "out")
    names = {
        split: sorted(p.stem for p in (tmp_path / "out" / split).iterdir()) for split in ("train", "dev")
    }
    assert [name for name in names["train"] if "doom" in name] == [
        "freedoom_freedoom1_d_one",
        "freedoom_freedoom1_d_two",
    ]
    assert names["dev"] == ["simutrans-data_7"]
    held_out = {path.stem.split("_")[0] for path in (tmp_path / "out" / "test").iterdir()}
    assert held_out == {"openttd-openmsx", "planetblupi-music-midi"}
    assert said[:2] == ["freedoom (BSD-3-Clause): 2 train", "simutrans-data (Artistic-1.0): 8 train, 1 dev"]
    assert (tmp_path / "out/train/freedoom_freedoom1_d_two.mid").read_bytes() == b"MThd2"


def test_what_is_not_there_or_broken_is_one_line(root, tmp_path, capsys):
    def refused(*arguments):
        assert debian_midi.run(["debian_midi", f"--output={tmp_path / 'out'}", *arguments]) == 65
        said = capsys.readouterr().err.strip()
        assert "\n" not in said and not (tmp_path / "out").exists()
        return said

    assert "apt-get install freedoom" in refused("--root=/no/such")
    for content in (b"WAD?" + bytes(20), b"IWAD", struct.pack("<4sii", b"IWAD", 3, 12)):
        (root / "usr/share/games/doom/freedoom1.wad").write_bytes(content)
        assert "as a Doom archive" in refused(f"--root={root}")
