"""Checkpoints that are damaged, and disks that are full, read-only or stuck: B6 to B8."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

from tests.resilience import tiny
from tests.resilience.harness import (
    BAD_DATA,
    FINISHED,
    NOT_SAVED,
    Place,
    Row,
    committed,
    expect,
    last_step,
    resumed_at,
    start,
    tiny_command,
    wait_for,
)

FLIPS = 200
NEEDED = ("data", "manifest", "_METADATA", "meta", "everything")
"""Damage to these must be seen; the state does not depend on the other files of a checkpoint."""
MEGABYTE = 1 << 20


class NotHere(Exception):
    """Something that this machine does not let a test do."""


# Damage -------------------------------------------------------------------------------------------------


class Victim:
    """A workdir with three checkpoints whose copies are damaged."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.source = place.workdir("victim")
        changes = {"num_steps": 12, "loop": {"save_every": 4, "keep_latest": 3}, "ballast": 5000}
        if len(committed(self.source)) < 3:
            process = start(place, tiny_command(self.source, changes), "victim")
            expect(process.wait() == FINISHED, process.tail())
        self.steps = committed(self.source)
        self._like = None

    def copy(self, name: str) -> pathlib.Path:
        """A fresh copy of the workdir."""
        target = self._place.root / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.source, target)
        return target

    def restore(self, workdir: pathlib.Path):
        """What a run would go on from, and the step; checkpoints that are bad are set aside."""
        import jax

        from compjax.training import sharding
        from compjax.training.checkpoints.checkpoint import Checkpoints
        from compjax.training.process.peers import Alone

        if self._like is None:
            task = tiny.build_tiny(tiny.tiny_config(ballast=5000), sharding.make_mesh())
            self._like = sharding.abstract(jax.eval_shape(task.init), task.shardings)
        checkpoints = Checkpoints(str(workdir), 3, 1, Alone(), lambda text: None)
        found = checkpoints.restore(self._like, lambda meta: None)
        checkpoints.close()
        return found.state, found.meta["step"]


def _same_bits(one, other) -> bool:
    import jax
    import numpy as np

    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)


def flip(path: pathlib.Path, rng: random.Random) -> None:
    """Turn one bit of a file over."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def bit_flips(place: Place, count: int = FLIPS, seed: int = 3) -> Row:
    """B6: one bit anywhere in the newest checkpoint: it is set aside, or restored bit-equal."""
    victim, rng = Victim(place), random.Random(seed)
    good = {step: victim.restore(_only(victim, step))[0] for step in victim.steps[-2:]}
    newest, before = victim.steps[-1], victim.steps[-2]
    detected = 0
    for number in range(count):
        workdir = victim.copy("flipped")
        folder = workdir / "checkpoints" / str(newest)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
        sizes = [path.stat().st_size for path in files]
        flip(rng.choices(files, sizes)[0], rng)
        state, step = victim.restore(workdir)
        aside = (workdir / "checkpoints" / f"bad-{newest}").exists()
        expect(_same_bits(state, good[step]), f"flip {number}: restored a wrong state")
        expect(aside == (step == before), f"flip {number}: went on from {step}, set aside: {aside}")
        detected += aside
    expect(detected > count / 2, f"only {detected} of {count} flips were detected")
    seen = (
        f"{detected} of {count} detected, the checkpoint before taken; {count - detected} in bytes that the "
        "state does not depend on (restored bit-equal); 0 silent"
    )
    return Row("B6 bit flips", f"one random bit in the newest of {len(victim.steps)} checkpoints", seen)


def _only(victim: Victim, step: int) -> pathlib.Path:
    workdir = victim.copy("only")
    for other in committed(workdir):
        if other > step:
            shutil.rmtree(workdir / "checkpoints" / str(other))
    return workdir


def data_file(folder: pathlib.Path) -> pathlib.Path:
    """The largest file that a state is read from; what each process wrote before they were joined is not."""
    return max((folder / "state" / "d").iterdir(), key=lambda path: path.stat().st_size)


def _damages(folder: pathlib.Path) -> dict[str, Callable[[], object]]:
    """The truncation matrix: what is done to a checkpoint's folder, by name."""
    data = data_file(folder)
    manifest = folder / "state" / "manifest.ocdbt"
    part = next((folder / "state").glob("ocdbt.process_*/manifest.ocdbt"))
    named = {
        "data": data,
        "manifest": manifest,
        "part manifest": part,
        "_METADATA": folder / "state" / "_METADATA",
        "_sharding": folder / "state" / "_sharding",
        "meta": folder / "meta" / "metadata",
        "metrics": folder / "metrics" / "metrics",
        "_CHECKPOINT_METADATA": folder / "_CHECKPOINT_METADATA",
    }
    made: dict[str, Callable[[], object]] = {}
    for name, path in named.items():
        made[f"{name} cut in half"] = lambda p=path: os.truncate(p, p.stat().st_size // 2)
        made[f"{name} emptied"] = lambda p=path: os.truncate(p, 0)
        made[f"{name} deleted"] = lambda p=path: p.unlink()
    made["_METADATA garbage"] = lambda: (folder / "state" / "_METADATA").write_text("{garbage")
    made["commit_success.txt deleted"] = lambda: (folder / "commit_success.txt").unlink(missing_ok=True)
    made["data folder deleted"] = lambda: shutil.rmtree(data.parent)
    made["everything deleted"] = lambda: [shutil.rmtree(folder), folder.mkdir()]
    return made


def truncations(place: Place) -> Row:
    """B6: files of the newest checkpoint cut, emptied, deleted; and no good checkpoint at all."""
    victim = Victim(place)
    newest, before = victim.steps[-1], victim.steps[-2]
    good = {step: victim.restore(_only(victim, step))[0] for step in (before, newest)}
    names, harmless = list(_damages(victim.source / "checkpoints" / str(newest))), []
    for name in names:
        workdir = victim.copy("damaged")
        _damages(workdir / "checkpoints" / str(newest))[name]()
        state, step = victim.restore(workdir)
        needed = name.startswith(NEEDED)
        expect(_same_bits(state, good[step]), f"{name}: restored a wrong state of {step}")
        expect(not needed or step == before, f"{name}: went on from {step}")
        harmless += [name] if step == newest else []
    workdir = victim.copy("damaged")
    for step in victim.steps:
        _damages(workdir / "checkpoints" / str(step))["data emptied"]()
    process = start(place, tiny_command(workdir, {"ballast": 5000}), "damaged")
    status = process.wait()
    reason = process.text().strip().splitlines()[-1]
    expect(status == BAD_DATA and "none of the 3" in reason, f"status {status}: {reason}")
    seen = (
        f"{len(names) - len(harmless)} detected, the one before taken; "
        f"restored bit-equal: {', '.join(harmless)}; none good: status 65, one line"
    )
    return Row("B6 truncation matrix", f"{len(names)} kinds of damage; all three damaged", seen)


# Disks --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(place: Place, name: str, megabytes: int) -> Iterator[pathlib.Path]:
    """A tmpfs of a size, mounted while the block runs."""
    folder = place.workdir(name)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True).returncode:
        raise NotHere("mounting a tmpfs needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(folder: pathlib.Path) -> pathlib.Path:
    """A file that leaves no room."""
    path = folder / "filler"
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(b"\0" * (MEGABYTE // 4))
    return path


SLOW = {"ballast": 50_000, "num_steps": 100, "faults": {"slow": 0.1}, "loop": {"save_every": 10}}
"""A run of ten seconds at least whose checkpoints have about a megabyte."""


def full_disk(place: Place) -> Row:
    """B7: the disk fills up and stays full; it fills up and room is made again."""
    with small_disk(place, "full", 24) as workdir:
        process = start(place, tiny_command(workdir, SLOW), "full")
        wait_for(lambda: bool(committed(workdir)), process)
        filler = fill(workdir)
        status = process.wait()
        expect(status == NOT_SAVED, f"status {status}; {process.tail()}")
        expect("could not be saved" in process.text(), process.tail())
        kept = committed(workdir)
        filler.unlink()
        rest = start(place, tiny_command(workdir, {**SLOW, "faults": {}}), "full")
        expect(rest.wait() == FINISHED, rest.tail())
        expect(resumed_at(rest) == kept[-1], f"went on from {resumed_at(rest)}, not {kept[-1]}")
    with small_disk(place, "refilled", 24) as workdir:
        process = start(place, tiny_command(workdir, {**SLOW, "num_steps": 300}), "refilled")
        wait_for(lambda: bool(committed(workdir)), process)
        filler = fill(workdir)
        wait_for(lambda: "could not be saved" in process.text(), process)
        filler.unlink()
        expect(process.wait() == FINISHED, process.tail())
        expect(committed(workdir)[-1] == 300, f"the last checkpoint is {committed(workdir)}")
    seen = (
        f"trained to the end, warned, kept {kept[-1]}, status 74, resumed; with room again: saved, status 0"
    )
    return Row("B7 full disk", "a tmpfs of 24 MB filled while training; filled and cleared", seen)


@contextlib.contextmanager
def protected(folder: pathlib.Path) -> Iterator[None]:
    """A folder that is read-only for whoever opens something in it while the block runs."""
    if subprocess.run(["mount", "--bind", str(folder), str(folder)], capture_output=True).returncode:
        raise NotHere("making a folder read-only for root needs a mount")
    try:
        command, deadline = ["mount", "-o", "remount,bind,ro", str(folder)], time.monotonic() + 60.0
        while subprocess.run(command, capture_output=True).returncode:  # busy while something is written
            expect(time.monotonic() < deadline, f"{folder} could not be made read-only")
            time.sleep(0.02)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def read_only(place: Place) -> Row:
    """B7: the workdir becomes read-only while training; one that never could be written."""
    workdir = place.workdir("read-only")
    process = start(place, tiny_command(workdir, SLOW), "read-only")
    wait_for(lambda: bool(committed(workdir)), process)
    with protected(workdir):
        status = process.wait()
        expect(status == NOT_SAVED, f"status {status}; {process.tail()}")
        kept = committed(workdir)
        never = start(place, tiny_command(workdir, SLOW), "read-only")
        expect(never.wait() == BAD_DATA, never.tail())
        line = never.text().strip().splitlines()[-1]
        expect("cannot write" in line, line)
    rest = start(place, tiny_command(workdir, {**SLOW, "faults": {}}), "read-only")
    expect(rest.wait() == FINISHED, rest.tail())
    expect(resumed_at(rest) == kept[-1], f"went on from {resumed_at(rest)}, not {kept[-1]}")
    seen = f"trained to the end, warned, kept {kept[-1]}, status 74, resumed; from the start: status 65"
    return Row("B7 read-only", "a workdir made read-only while training; read-only from the start", seen)


def stalled_disk(place: Place, seconds: float = 30.0) -> Row:
    """B7, B10: a disk that does not answer for a while, and one that does not answer any more."""
    image, folder = place.root / "disk.img", place.workdir("stalled")
    image.write_bytes(b"")
    os.truncate(image, 64 * MEGABYTE)
    commands = [["mkfs.ext4", "-q", "-F", str(image)], ["mount", "-o", "loop", str(image), str(folder)]]
    for command in commands:
        if shutil.which(command[0]) is None or subprocess.run(command, capture_output=True).returncode:
            raise NotHere("mounting a disk image needs root and e2fsprogs")
    try:
        process = start(place, tiny_command(folder, SLOW), "stalled")
        wait_for(lambda: bool(committed(folder)), process)
        _freeze(folder, seconds)
        expect(process.wait() == FINISHED, process.tail())
        changes = {**SLOW, "num_steps": 400}
        changes["loop"] = {**SLOW["loop"], "timeouts": {"save": 4.0, "report": 4.0, "finish": 4.0}}
        process = start(place, tiny_command(folder, changes), "stalled")
        wait_for(lambda: last_step(folder) >= 110, process)
        thaw = threading.Thread(target=_freeze, args=(folder, 40.0))
        began = time.monotonic()
        thaw.start()
        try:
            wait_for(lambda: "no progress in phase" in process.text(), process, 40.0)
            took = time.monotonic() - began
        finally:
            thaw.join()
        status = process.wait()
        expect(status == 75, f"status {status}; {process.tail()}")
        line = next(line for line in process.text().splitlines() if "no progress" in line)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
    seen = f"{seconds:.0f} s: went on, status 0; for ever: status 75, {took:.1f} s, '{line[-110:]}'"
    return Row("B7, B10 stalled disk", f"a disk frozen for {seconds:.0f} s; frozen, limit 4 s", seen)


def _freeze(folder: pathlib.Path, seconds: float) -> None:
    subprocess.run(["fsfreeze", "-f", str(folder)], check=True)
    try:
        time.sleep(seconds)
    finally:
        subprocess.run(["fsfreeze", "-u", str(folder)], check=True)
