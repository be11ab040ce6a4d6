import errno
import os
import stat

import pytest

from compjax.errors import UserError
from compjax.files import atomic_path, sha256_of


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


def test_appears_whole_under_its_name(tmp_path):
    target = tmp_path / "out.npz"
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"whole")
        assert temporary.parent == tmp_path and temporary.suffix == ".npz"
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert leftovers(tmp_path) == ["out.npz"]


def test_error_keeps_what_was_there(tmp_path):
    target = tmp_path / "out.wav"
    target.write_bytes(b"old")
    with pytest.raises(KeyError), atomic_path(target) as temporary:
        temporary.write_bytes(b"half")
        raise KeyError("stop")
    assert target.read_bytes() == b"old"
    assert leftovers(tmp_path) == ["out.wav"]


def test_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match="cannot write .*out.wav: No space left on device"):
        with atomic_path(tmp_path / "out.wav") as temporary:
            temporary.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert leftovers(tmp_path) == []


def test_errors_about_other_files_pass_through(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "out.wav"):
        (tmp_path / "absent").read_bytes()


def test_forgetting_to_write_is_an_error(tmp_path):
    with pytest.raises(UserError, match="No such file"), atomic_path(tmp_path / "out.wav"):
        pass


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "it is a folder"),
        ("absent/out.wav", "absent does not exist"),
        ("pipe", "a device or a pipe"),
    ],
)
def test_impossible_targets(tmp_path, name, message):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match=message), atomic_path(tmp_path / name):
        raise AssertionError("the block must not run")


def test_writes_through_a_link(tmp_path):
    (tmp_path / "link.wav").symlink_to(tmp_path / "real.wav")
    with atomic_path(tmp_path / "link.wav") as temporary:
        temporary.write_bytes(b"whole")
    assert (tmp_path / "real.wav").read_bytes() == b"whole"
    assert (tmp_path / "link.wav").is_symlink()


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "out.wav") as temporary:
            temporary.write_bytes(b"whole")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.wav").stat().st_mode) == 0o640


def test_sha256_of_abc(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # The first test vector of FIPS 180-2.
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
