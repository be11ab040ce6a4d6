import errno
import os
import stat
import subprocess
import sys

import pytest

from compjax import files
from compjax.errors import UserError
from compjax.files import atomic_path, checkpoint_file, make_folder, sha256_of, shown


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


def test_what_a_killed_process_left_is_swept(tmp_path):
    code = (
        "import os, signal, sys; from compjax.files import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "out.wav")], check=False)
    assert len(leftovers(tmp_path)) == 1 and leftovers(tmp_path)[0].startswith(".compjax-")
    with atomic_path(tmp_path / "other.wav") as temporary:
        temporary.write_bytes(b"whole")
    assert leftovers(tmp_path) == ["other.wav"]


def test_what_others_are_writing_is_not_swept(tmp_path):
    with atomic_path(tmp_path / "out.wav") as temporary:
        temporary.write_bytes(b"half")
        files._sweep.cache_clear()
        foreign = tmp_path / ".compjax-00000000-1-00000000.tmp.wav"
        foreign.write_bytes(b"another machine's")
        with atomic_path(tmp_path / "other.wav") as other:
            other.write_bytes(b"whole")
        assert temporary.exists() and foreign.exists()


@pytest.mark.parametrize("name", ["n" * 251 + ".wav", "ü" * 125 + ".wav", os.fsdecode(b"caf\351.wav")])
def test_names_as_long_as_there_are(tmp_path, name):
    with atomic_path(tmp_path / name) as temporary:
        temporary.write_bytes(b"whole")
    assert leftovers(tmp_path) == [name]


def test_longer_names_are_refused(tmp_path):
    with pytest.raises(UserError, match="longer than 255 bytes"), atomic_path(tmp_path / ("n" * 256)):
        pass


def test_shown_can_be_printed():
    assert shown(os.fsdecode(b"caf\351.wav")) == "caf\ufffd.wav"


def test_a_folder_is_made_with_its_parents(tmp_path):
    made = make_folder(tmp_path / "a" / "b")
    assert made == make_folder(made) and made.is_dir()
    with pytest.raises(UserError, match="cannot make the folder .*No such file"):
        make_folder(tmp_path / "c" / "d", parents=False)


@pytest.mark.parametrize("name", ["file", "file/below", "nul\0byte"])
def test_what_cannot_be_a_folder_is_one_line(tmp_path, name):
    (tmp_path / "file").write_bytes(b"kept")
    with pytest.raises(UserError, match=r"^cannot make the folder .*; name another$"):
        make_folder(tmp_path / name)
    assert (tmp_path / "file").read_bytes() == b"kept"


def test_a_folder_gives_the_best_weights_else_the_last(tmp_path):
    with pytest.raises(UserError, match="holds no weights"):
        checkpoint_file(tmp_path)
    (tmp_path / "agent.npz").touch()
    assert checkpoint_file(tmp_path).name == "agent.npz"
    (tmp_path / "best.npz").touch()
    assert checkpoint_file(str(tmp_path)).name == "best.npz"
    assert checkpoint_file(tmp_path / "agent.npz").name == "agent.npz"
    with pytest.raises(UserError, match="there is no checkpoint"):
        checkpoint_file(tmp_path / "missing.npz")
