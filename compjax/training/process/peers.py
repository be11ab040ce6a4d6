"""Starting JAX on several hosts, and what their processes tell one another besides arrays.

Everything goes through the key-value store of JAX's coordination service (process 0), from a thread of our
own, so that it works while the main thread waits in a collective operation.
"""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from absl import logging

from compjax.errors import UserError
from compjax.training.process import exits
from compjax.training.process.interrupt import leave
from compjax.training.process.phases import Phases
from compjax.training.process.watchdog import where

HEARTBEAT_SECONDS = 30
JOIN_SECONDS = 120
INTERVAL = 0.2
SILENCE_SECONDS = 30.0
"""A peer on another host that has said nothing for so long counts as dead; one on this host is looked at."""
AGREE_SECONDS = 20.0
VARIABLES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")


def announced() -> str:
    """What in the environment says that this process is one of several; empty if nothing does."""
    found = [name for name in VARIABLES if os.environ.get(name)]
    if len(found) == len(VARIABLES):
        return ", ".join(VARIABLES)
    if found:
        missing = ", ".join(sorted(set(VARIABLES) - set(found)))
        raise UserError(
            f"{found[0]} is set but {missing} is not: set all three or none, or --distributed=off"
        )
    if int(os.environ.get("SLURM_NTASKS", "1")) > 1 and "SLURM_PROCID" in os.environ:
        return "SLURM"
    if "," in os.environ.get("TPU_WORKER_HOSTNAMES", "") or os.environ.get("MEGASCALE_COORDINATOR_ADDRESS"):
        return "TPU workers"
    return ""


def join(mode: str) -> bool:
    """Start jax.distributed where `mode` (auto, on, off) and the environment say so; whether it was.

    Raises:
        UserError: for an unknown mode, settings that do not fit together, or peers that do not come.
    """
    if mode not in ("auto", "on", "off"):
        raise UserError(f"--distributed={mode}: it is auto, on or off")
    source = "" if mode == "off" else announced()
    if mode == "off" or (mode == "auto" and not source):
        return False
    import jax

    settings = {}
    if source == ", ".join(VARIABLES):
        address, count, index = (os.environ[name] for name in VARIABLES)
        settings = {"coordinator_address": address, "num_processes": int(count), "process_id": int(index)}
    logging.info("joining the run's other processes (%s)", source or "found by JAX")
    try:
        jax.distributed.initialize(
            **settings, initialization_timeout=JOIN_SECONDS, heartbeat_timeout_seconds=HEARTBEAT_SECONDS
        )
    except (ValueError, RuntimeError) as error:
        line = str(error).splitlines()[0]
        raise UserError(f"cannot join the run's other processes: {line}; or use --distributed=off") from error
    return True


def coordination_client() -> Any:
    """The client of the key-value store that all processes of a run share; JAX has no public name for it.

    Orbax needs it too, and keeps up with where JAX keeps it.
    """
    from orbax import checkpoint

    return checkpoint.multihost.get_jax_distributed_client()


class Alone:
    """The peers of a process that has none."""

    index, count = 0, 1

    def describe(self) -> str:
        """This process, for messages."""
        return f"process {os.getpid()} on {socket.gethostname()}"

    def stopping(self, raised: bool) -> bool:
        """Whether to stop before the next unit of work."""
        return raised

    def others(self) -> str:
        """Nobody."""
        return ""

    def exchange(self, name: str, text: str) -> list[str]:
        """The texts of all processes, in order."""
        del name
        return [text]

    def close(self) -> None:
        """Nothing runs."""


@dataclasses.dataclass
class _Agreement:
    """At which unit of work all processes stop: the furthest that any had begun when it was asked."""

    begun: int = 0
    asked: bool = False
    last: int | None = None


class Peers:
    """The processes of a run: who is alive and where, and when all stop.

    Work is counted in units (a training step, a validation batch), which all processes do in the same order.
    """

    def __init__(self, phases: Phases, interrupted: Callable[[], None]) -> None:
        import jax

        self._client = coordination_client()
        self.index, self.count = jax.process_index(), jax.process_count()
        self._phases, self._interrupted = phases, interrupted
        self._lock, self._agreement, self._agreed = threading.Lock(), _Agreement(), threading.Event()
        self._known: dict[int, tuple[float, str]] = {}
        self._calls = 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peers", daemon=True)
        self._thread.start()

    def describe(self) -> str:
        """This process, for messages."""
        return f"process {self.index} of {self.count} ({os.getpid()} on {socket.gethostname()})"

    # What all tell one another -------------------------------------------------------------------------

    def _status(self) -> str:
        moment = self._phases.now
        return json.dumps(
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "phase": moment.name,
                "step": moment.step,
                "age": round(time.monotonic() - moment.since, 1),
                "at": where(moment.name),
                "beat": time.time(),
            }
        )

    def _say_alive(self) -> None:
        self._client.key_value_set(f"compjax/alive/{self.index}", self._status(), allow_overwrite=True)

    def _watch(self) -> None:
        while not self._closed.wait(INTERVAL):
            try:
                self._client.key_value_set(
                    f"compjax/alive/{self.index}", self._status(), allow_overwrite=True
                )
                self._look()
                self._hear_stop()
            except Exception as error:  # JAX has no narrower type for a coordinator that is gone
                if self._closed.is_set():
                    return
                self._died(0, f"its coordination service does not answer ({str(error).splitlines()[0]})")

    def _look(self) -> None:
        """Note what the others said last; end this process if one is gone."""
        for key, text in self._client.key_value_dir_get("compjax/alive/"):
            index = int(key.rsplit("/", 1)[1])
            if index not in self._known or self._known[index][1] != text:
                self._known[index] = (time.monotonic(), text)
        self.check()

    def check(self) -> None:
        """End this process with a line if a peer has died."""
        for index, (heard, text) in list(self._known.items()):
            if index == self.index:
                continue
            peer = json.loads(text)
            if peer.get("left"):
                continue
            if peer.get("failed"):
                self._died(index, peer["failed"])
            silence = time.monotonic() - heard
            if peer["host"] == socket.gethostname():
                if not _exists(peer["pid"]):
                    self._died(index, "its process is gone")
            elif silence > SILENCE_SECONDS:
                self._died(index, f"nothing heard for {silence:.0f} s")

    def _died(self, index: int, why: str) -> None:
        said = json.loads(self._known.get(index, (0.0, "{}"))[1])
        last = f"; last seen in phase '{said['phase']}' at step {said['step']}, {said['at']}" if said else ""
        host = f" on {said['host']}" if said else ""
        print(
            f"compjax-train: {self.describe()}: peer {index}{host} died: {why}{last}. "
            "The run goes on from its last checkpoint when it is started again.",
            file=sys.stderr,
        )
        leave(exits.STALLED)

    def others(self) -> str:
        """Where the others stand, for the watchdog."""
        said = [(index, json.loads(text)) for index, (_, text) in sorted(self._known.items())]
        return "; ".join(
            f"process {index} on {s['host']}: '{s['phase']}' at step {s['step']} for {s['age']} s, {s['at']}"
            for index, s in said
            if index != self.index and "left" not in s
        )

    # When all stop -------------------------------------------------------------------------------------

    def propose_stop(self) -> None:
        """Ask all processes to stop at the same unit of work."""
        self._client.key_value_set(f"compjax/stop/{self.index}", "", allow_overwrite=True)

    def _hear_stop(self) -> None:
        if self._agreement.asked or not self._client.key_value_dir_get("compjax/stop/"):
            return
        with self._lock:
            self._agreement.asked = True
            begun = self._agreement.begun
        self._interrupted()
        self._client.key_value_set(f"compjax/begun/{self.index}", str(begun), allow_overwrite=True)
        deadline = time.monotonic() + AGREE_SECONDS
        while len(told := dict(self._client.key_value_dir_get("compjax/begun/"))) < self.count:
            if time.monotonic() > deadline:
                silent = set(range(self.count)) - {int(key.rsplit("/", 1)[1]) for key in told}
                self._died(min(silent), "no answer to a request to stop")
            self._say_alive()
            self._look()
            time.sleep(INTERVAL / 4)
        self._agreement.last = max(int(text) for text in told.values())
        self._agreed.set()

    def stopping(self, raised: bool) -> bool:
        """Whether to stop before the next unit of work; the same answer at the same unit in all processes."""
        del raised  # told to all by propose_stop; the loop must not act on its own process's flag
        with self._lock:
            if not self._agreement.asked:
                self._agreement.begun += 1
                return False
        self._agreed.wait(AGREE_SECONDS + 5.0)
        if self._agreement.last is None or self._agreement.begun >= self._agreement.last:
            return True
        self._agreement.begun += 1
        return False

    def exchange(self, name: str, text: str) -> list[str]:
        """The texts of all processes, in order; all must call it with the same name in the same order."""
        self._calls += 1
        folder = f"compjax/exchange/{self._calls}-{name}"
        self._client.key_value_set(f"{folder}/{self.index}", text)
        while len(told := self._client.key_value_dir_get(f"{folder}/")) < self.count:
            time.sleep(0.005)
        return [text for _, text in sorted(told, key=lambda pair: int(pair[0].rsplit("/", 1)[1]))]

    def close(self) -> None:
        """Say goodbye, so that the others do not take this process for dead."""
        self._last_word({"left": True})

    def tell_failure(self, why: str) -> None:
        """Tell the others that this process ends, and why."""
        known = json.loads(self._status())
        self._last_word(known | {"failed": why.splitlines()[0]})

    def _last_word(self, word: dict) -> None:
        self._closed.set()
        self._thread.join()
        try:
            self._client.key_value_set(f"compjax/alive/{self.index}", json.dumps(word), allow_overwrite=True)
        except Exception as error:
            logging.info("could not say goodbye: %s", str(error).splitlines()[0])


def _exists(pid: int) -> bool:
    """Whether a process of this host runs (one that ended and waits for its parent does not)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return not os.path.isdir("/proc/self")
