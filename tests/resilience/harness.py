"""Starts runs as a user would, looks at what they leave, and compares them bit by bit."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

ROOT = pathlib.Path(__file__).parents[2]
PATIENCE = 1800.0
"""Seconds that anything may take on a busy machine before the test gives up."""
CACHE = "JAX_COMPILATION_CACHE_DIR"
"""Compiled programs are kept here over several tortures, if it is set."""
FINISHED, PREEMPTED, NOT_FINITE, NOT_SAVED, STALLED, BAD_DATA = 0, 42, 70, 74, 75, 65


class Failed(AssertionError):
    """A bar that was not met."""


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: the bar, what was done, what was seen."""

    bar: str
    done: str
    seen: str


def expect(condition: bool, text: str) -> None:
    """Raise Failed with `text` unless the condition holds."""
    if not condition:
        raise Failed(text)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where everything of one torture lies (data, compiled programs, workdirs), and how often it kills."""

    root: pathlib.Path
    kills: int = 20
    pair_kills: int = 10

    @property
    def data(self) -> pathlib.Path:
        """Folder of the examples."""
        return self.root / "data"

    def workdir(self, name: str) -> pathlib.Path:
        """A folder of its own for a run."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path


@dataclasses.dataclass
class Process:
    """A run that was started; `log` is where its output goes."""

    popen: subprocess.Popen
    log: pathlib.Path

    @property
    def pid(self) -> int:
        """Of the trainer."""
        return self.popen.pid

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit status; negative for a signal."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"still at work after {seconds:.0f} s; {self.tail()}") from None

    def kill(self) -> None:
        """kill -9."""
        if self.popen.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self.popen.wait()

    def text(self) -> str:
        """All it said."""
        return self.log.read_text(errors="replace")

    def tail(self, lines: int = 12) -> str:
        """The last it said."""
        return "\n".join(self.text().splitlines()[-lines:])


def tiny_command(workdir: pathlib.Path, changes: dict | None = None) -> list[str]:
    """A run of the tiny task."""
    flags = [f"--workdir={workdir}", f"--config={json.dumps(changes or {})}"]
    return [sys.executable, "-m", "tests.resilience.tiny", *flags]


def agent_command(place: Place, workdir: pathlib.Path, *flags: str) -> list[str]:
    """compjax-train on the real agent task."""
    config = [f"--config={ROOT}/tests/resilience/agent.py", f"--workdir={workdir}"]
    data = [f"--config.data.{name}={place.data}/{name}" for name in ("train", "dev")]
    return [sys.executable, "-m", "compjax.cli.train", *config, *data, *flags]


def start(place: Place, command: list[str], name: str = "run", **environment: str) -> Process:
    """Start a command in a session (process group) of its own."""
    log = place.root / "logs" / f"{name}-{time.time_ns()}.txt"
    log.parent.mkdir(exist_ok=True)
    variables = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        CACHE: os.environ.get(CACHE, str(place.root / "compiled")),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    variables.pop("XLA_FLAGS", None)
    with open(log, "w") as output:
        popen = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=output, stderr=output, start_new_session=True
        )
    return Process(popen, log)


def start_pair(place: Place, command: list[str], devices: int = 2) -> list[Process]:
    """The command as two processes of one run."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    common = {"JAX_COORDINATOR_ADDRESS": f"localhost:{port}", "JAX_NUM_PROCESSES": "2"}
    common["JAX_NUM_CPU_DEVICES"] = str(devices)
    return [start(place, command, f"process{i}", JAX_PROCESS_ID=str(i), **common) for i in range(2)]


def wait_for(condition: Callable[[], bool], process: Process, seconds: float = PATIENCE) -> None:
    """Wait until something is so; Failed if the process ends first or time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if process.popen.poll() is not None:
            if condition():
                return
            raise Failed(f"ended with {process.popen.returncode} before it got there; {process.tail()}")
        if time.monotonic() > deadline:
            raise Failed(f"did not get there in {seconds:.0f} s; {process.tail()}")
        time.sleep(0.005)


def records(workdir: pathlib.Path, name: str = "trace.jsonl") -> Iterator[dict]:
    """Every step that was ever done in a workdir, repeated ones repeatedly."""
    path = workdir / name
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # a line that a kill cut off


def last_step(workdir: pathlib.Path) -> int:
    """The step that was done last."""
    return max((record["step"] for record in records(workdir)), default=0)


def committed(workdir: pathlib.Path) -> list[int]:
    """Steps of the checkpoints that are complete."""
    folder = workdir / "checkpoints"
    names = [path.name for path in folder.iterdir()] if folder.exists() else []
    return sorted(int(name) for name in names if name.isdigit())


def meta(workdir: pathlib.Path, step: int) -> dict:
    """A checkpoint's description."""
    return json.loads((workdir / "checkpoints" / str(step) / "meta" / "metadata").read_text())


def differences(reference: pathlib.Path, workdir: pathlib.Path) -> list[str]:
    """Where a run differs from another in batches, scalars and the last state; empty if nowhere."""
    wanted = {record["step"]: record for record in records(reference)}
    wrong = [
        f"step {record['step']}: {name}"
        for record in records(workdir)
        for name in ("batch", "scalars")
        if record[name] != wanted[record["step"]][name]
    ]
    missing = sorted(set(wanted) - {record["step"] for record in records(workdir)})
    wrong += [f"step {step}: not done" for step in missing]
    ends = [committed(folder)[-1] for folder in (reference, workdir)]
    sums = [meta(folder, end)["sums"] for folder, end in zip((reference, workdir), ends, strict=True)]
    return wrong + [f"state: {path}" for path in sums[0] if sums[0][path] != sums[1].get(path)]


def expect_same(reference: pathlib.Path, workdir: pathlib.Path) -> str:
    """Failed unless two runs are the same to the bit; what was compared."""
    wrong = differences(reference, workdir)
    expect(not wrong, f"{len(wrong)} differences: {', '.join(wrong[:5])}")
    steps = len({record["step"] for record in records(workdir)})
    done = sum(1 for _ in records(workdir))
    arrays = len(meta(workdir, committed(workdir)[-1])["sums"])
    return f"{steps} steps ({done} with repetitions), batches, scalars and {arrays} arrays bit-identical"


def resumed_at(process: Process) -> int:
    """The step that a run said it goes on from; 0 if it began anew."""
    lines = [line for line in process.text().splitlines() if "resumed at step" in line]
    return int(lines[-1].rsplit(" ", 1)[1]) if lines else 0
