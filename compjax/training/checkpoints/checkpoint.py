"""Checkpoints with Orbax: written while training goes on, verified before they are used.

A checkpoint holds the state and its description (`meta`): step, configuration, data, versions, the guards'
memory and the sums of every leaf. A bad one is set aside as `bad-N` and the one before it used. A disk that
is full or cannot be written does not stop training: the last good one stays, and saving is tried again.

The sums guard the state, the description's seal guards the sums. Other files of the folder may be damaged
without harm: either Orbax cannot read the state, or it restores the bits that were saved
(tests/resilience/storage.py).
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import orbax.checkpoint as ocp
from absl import logging
from orbax.checkpoint import checkpoint_managers as policies

from compjax.errors import UserError
from compjax.files import atomic_path
from compjax.training.checkpoints import checksum, leftovers
from compjax.training.process.peers import Alone, Peers
from compjax.training.task import State

FOLDER = "checkpoints"
BEST_METRIC = "score"
BEST_FILE = "best.json"
RETRY_SECONDS = 15.0
"""How long to leave a disk alone that refused a checkpoint."""


def _best(metrics: Mapping[str, float] | None) -> float:
    """The validation score of a checkpoint; none, or one that is not a number, is the worst."""
    score = (metrics or {}).get(BEST_METRIC)
    return score if score is not None and math.isfinite(score) else -math.inf


def _seal(meta: Mapping) -> int:
    """Checksum of a description without its seal."""
    text = json.dumps({name: value for name, value in meta.items() if name != "seal"}, sort_keys=True)
    return zlib.crc32(text.encode())


def leaf_types(state: State) -> dict[str, str]:
    """`float32[3,4]` by leaf, of arrays or their shapes."""
    return {
        jax.tree_util.keystr(path): f"{leaf.dtype}[{','.join(map(str, leaf.shape))}]"
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
    }


@dataclasses.dataclass(frozen=True)
class Restored:
    """A state that passed all checks, its description, and what was set aside before it."""

    state: State
    meta: Mapping[str, Any]


class Bad(Exception):
    """A checkpoint that cannot be used; the text says why."""


def _earliest_best(known: Sequence[tuple[float, int]]) -> tuple[float, int]:
    """The best of scores and their steps; of equal ones the first."""
    return max(known, key=lambda one: (one[0], -one[1]), default=(-math.inf, -1))


class Checkpoints:
    """The checkpoints of `workdir`.

    Args:
        keep_latest, keep_best: how many are kept.
        peers: the processes of the run.
        warn: called with a line when something went wrong that training survives.
    """

    def __init__(
        self,
        workdir: str,
        keep_latest: int,
        keep_best: int,
        peers: Alone | Peers,
        warn: Callable[[str], None] = logging.warning,
    ) -> None:
        self._workdir = workdir
        self._folder = os.path.abspath(os.path.join(workdir, FOLDER))
        self._keep, self._peers, self.warn = (keep_latest, keep_best), peers, warn
        self._manager: ocp.CheckpointManager | None = None
        self._saving: int | None = None
        self._failed_at: float | None = None
        self._best_saved = (-math.inf, -1)
        self.last_saved: int | None = None
        self.ever_failed = False

    # Restoring -----------------------------------------------------------------------------------------

    def steps(self) -> list[int]:
        """Steps that have a folder, oldest first."""
        if not os.path.isdir(self._folder):
            return []
        return sorted(int(name) for name in os.listdir(self._folder) if name.isdigit())

    def restore(self, like: State, check: Callable[[Mapping], None]) -> Restored | None:
        """The newest checkpoint that passes all checks; None if there never was one.

        Args:
            like: the state's shapes, types and shardings.
            check: given a checkpoint's description; raises UserError where the run does not fit it.

        Raises:
            UserError: by `check`, if the state has another form, or if no checkpoint is good.
        """
        found = self.steps()
        for step in reversed(found):
            try:
                return self._restore_step(step, like, check)
            except Bad as error:
                self._set_aside(step, str(error))
        if found:
            raise UserError(
                f"none of the {len(found)} checkpoints in {self._folder} is good (renamed to bad-N); "
                "restore them from a copy, or start again in another workdir"
            )
        return None

    def _restore_step(self, step: int, like: State, check: Callable[[Mapping], None]) -> Restored:
        meta = self._read_meta(step)
        check(meta)
        self._compare_forms(step, meta, like)
        problem, state = "", None
        try:
            arguments = ocp.args.Composite(state=ocp.args.StandardRestore(like))
            state = self._open().restore(step, args=arguments).state
        except Exception as error:  # Orbax and TensorStore raise bare Exceptions, pages long
            problem = f"it cannot be read ({' '.join(str(error).split())[:160]})"
            leftovers.hush()
        if any(problems := [text for text in self._peers.exchange("readable", problem) if text]):
            raise Bad(problems[0])
        sums = checksum.state_sums(state, lambda text: self._peers.exchange("sums", text))
        wrong = [path for path, value in meta["sums"].items() if sums.get(path) != value]
        if wrong:
            raise Bad(f"{len(wrong)} of {len(sums)} arrays do not match their checksums (first {wrong[0]})")
        self.last_saved = step
        self._best_saved = self._known_best()
        return Restored(state, meta)

    def _read_meta(self, step: int) -> Mapping[str, Any]:
        """The sealed description of a step."""
        try:
            arguments = ocp.args.Composite(meta=ocp.args.JsonRestore())
            meta = self._open().restore(step, args=arguments).meta
            if meta["seal"] != _seal(meta) or meta["step"] != step:
                raise Bad("its description does not match its checksum")
        except Bad:
            raise
        except Exception as error:
            raise Bad(f"its description cannot be read ({' '.join(str(error).split())[:160]})") from error
        return meta

    def _compare_forms(self, step: int, meta: Mapping, like: State) -> None:
        """A UserError if the state of the program has other leaves than the checkpoint."""
        stored, wanted = meta["types"], leaf_types(like)
        for path in sorted(stored.keys() | wanted.keys()):
            if stored.get(path) != wanted.get(path):
                raise UserError(
                    f"checkpoint {step} in {self._folder} holds another model: {path} is "
                    f"{stored.get(path, 'absent')} there and {wanted.get(path, 'absent')} here; "
                    "use the configuration and version it was trained with, or another workdir"
                )

    def _set_aside(self, step: int, why: str) -> None:
        self.warn(f"checkpoint {step} is bad and set aside as bad-{step}: {why}")
        self._close_manager()
        if self._peers.index == 0:
            target = os.path.join(self._folder, f"bad-{step}")
            count = 1
            while os.path.exists(target):
                count += 1
                target = os.path.join(self._folder, f"bad-{step}.{count}")
            try:
                os.rename(os.path.join(self._folder, str(step)), target)
            except OSError as error:
                raise UserError(f"cannot set checkpoint {step} aside in {self._folder}: {error}") from error
        self._peers.exchange("set-aside", "")

    # Saving --------------------------------------------------------------------------------------------

    def _open(self) -> ocp.CheckpointManager:
        """Orbax's manager, opened when first needed and again after a failure."""
        if self._manager is None:
            latest, best = self._keep
            keep = [
                policies.LatestN(latest),
                policies.BestN(get_metric_fn=_best, n=best, keep_checkpoints_without_metrics=False),
            ]
            options = ocp.CheckpointManagerOptions(
                preservation_policy=policies.AnyPreservationPolicy(keep),
                best_fn=_best,
                best_mode="max",
                enable_async_checkpointing=True,
                cleanup_tmp_directories=True,
            )
            self._manager = ocp.CheckpointManager(self._folder, options=options)
        return self._manager

    def save(self, step: int, state: State, meta: Mapping[str, Any], score: float) -> None:
        """Begin to save; a failure is warned of, now or when it shows, and raises nothing.

        Args:
            meta: what to describe the state by, JSON.
            score: of the validation, the larger the better; NaN where there was none.
        """
        self.wait()
        score = float(score)
        sums = checksum.state_sums(state, lambda text: self._peers.exchange("sums", text))
        meta = {**meta, "step": step, "sums": sums, "types": leaf_types(state)}
        meta["score"] = score if math.isfinite(score) else None
        meta = json.loads(json.dumps(meta))
        meta["seal"] = _seal(meta)
        items = ocp.args.Composite(state=ocp.args.StandardSave(state), meta=ocp.args.JsonSave(meta))
        try:
            self._open().save(step, args=items, metrics={BEST_METRIC: meta["score"]}, force=True)
        except Exception as error:  # whatever the storage says
            self._fail(step, error)
            return
        self._saving, self._score = step, score

    def settle(self) -> None:
        """Look after a save that has ended in the meantime; cheap, to be called at every step."""
        if self._saving is not None and not self._open().is_saving_in_progress():
            self.wait()

    def wait(self) -> None:
        """Wait for the save that is under way, if there is one, and learn how it went."""
        if self._saving is None:
            return
        step, self._saving = self._saving, None
        try:
            self._manager.wait_until_finished()
            self._manager.check_for_errors()
            if not os.path.isdir(os.path.join(self._folder, str(step))):
                raise OSError(f"{self._folder}/{step} is not there")
        except Exception as error:
            self._fail(step, error)
            return
        self.last_saved, self._failed_at = step, None
        if self._peers.index == 0:
            self._name_best(step)

    def _name_best(self, step: int) -> None:
        """Write which checkpoint is the best."""
        self._best_saved = _earliest_best([self._best_saved, (_best({BEST_METRIC: self._score}), step)])
        if self._best_saved[1] < 0:
            return
        try:
            with atomic_path(os.path.join(self._workdir, BEST_FILE)) as path:
                path.write_text(json.dumps({"step": self._best_saved[1], "score": self._best_saved[0]}))
        except (OSError, UserError) as error:
            self.warn(f"checkpoint {step} is saved, but not which one is the best: {error}")

    def _fail(self, step: int, error: Exception) -> None:
        kept = (
            f"the last good one is {self.last_saved}" if self.last_saved is not None else "there is none yet"
        )
        why = " ".join(str(error).split())[:200]
        self.warn(f"checkpoint {step} could not be saved, {kept}; it will be tried again: {why}")
        self._failed_at, self.ever_failed = time.monotonic(), True
        self._close_manager()
        if self._peers.index == 0:
            self._remove_parts()

    def _remove_parts(self) -> None:
        """What a failed save left would fill the disk."""
        if not os.path.isdir(self._folder):
            return
        for name in os.listdir(self._folder):
            if ".orbax-checkpoint-tmp" in name:
                shutil.rmtree(os.path.join(self._folder, name), ignore_errors=True)

    @property
    def failed(self) -> bool:
        """Whether the last save was not written."""
        return self._failed_at is not None

    @property
    def retry_due(self) -> bool:
        """Whether it is time to try again; several processes wait for the next regular save."""
        late = self._failed_at is not None and time.monotonic() - self._failed_at > RETRY_SECONDS
        return late and self._peers.count == 1

    @property
    def best(self) -> tuple[float, int]:
        """The best score that was saved and its step; minus infinity and -1 if none was."""
        return self._best_saved

    def _known_best(self) -> tuple[float, int]:
        """The best score among the checkpoints that are there, and its step."""
        known = []
        for step in self.steps():
            try:
                with open(os.path.join(self._folder, str(step), "metrics", "metrics")) as file:
                    known.append((_best(json.load(file)), step))
            except (OSError, ValueError):
                continue
        return _earliest_best(known)

    def _close_manager(self) -> None:
        if self._manager is None:
            return
        manager, self._manager = self._manager, None
        try:
            manager.close()
        except Exception as error:
            logging.info(
                "closing the checkpoint manager: %s", str(error).splitlines()[0] if str(error) else error
            )

    def close(self) -> None:
        """Wait for what is being saved, and let go."""
        self.wait()
        self._close_manager()
