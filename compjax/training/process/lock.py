"""One trainer per workdir."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time

from absl import logging

from compjax.errors import UserError

NAME = "trainer.lock"
PATIENCE = 3.0
"""Seconds that a lock may outlive its process: the kernel closes a killed one's files in its own time."""


def _read(path: str) -> dict:
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


class WorkdirLock:
    """Holds `workdir/trainer.lock`, which names host, process and time, until it is released.

    It is the kernel's record lock, so it ends with the process however that ends, and is not inherited by
    loader processes; the file's text is for people. On a file system without locks it only warns.

    Raises:
        UserError: if another trainer holds it, or the folder cannot be written.
    """

    def __init__(self, workdir: str) -> None:
        self._path = os.path.join(workdir, NAME)
        before = _read(self._path)
        try:
            os.makedirs(workdir, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UserError(f"cannot write in the workdir {workdir}: {error.strerror}") from error
        try:
            self._acquire(workdir)
            self._sign()
        except BaseException:
            os.close(self._file)
            raise
        if before:
            logging.info(
                "took over the lock of process %s on %s, which is gone", before.get("pid"), before.get("host")
            )

    def _acquire(self, workdir: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError) as error:
                owner = _read(self._path)
                if time.monotonic() > deadline or _is_alive(owner):
                    who = f"process {owner.get('pid', '?')} on {owner.get('host', '?')}"
                    raise UserError(
                        f"another trainer is at work in {workdir}: {who} since {owner.get('time', '?')}; "
                        "stop it or use another workdir"
                    ) from error
                time.sleep(0.1)
            except OSError as error:
                logging.warning("no locks on this file system (%s): start one trainer only", error.strerror)
                return

    def _sign(self) -> None:
        owner = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "time": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(owner).encode(), 0)
        except OSError as error:
            raise UserError(f"cannot write {self._path}: {error.strerror}") from error

    def release(self) -> None:
        """Let another trainer have the workdir."""
        try:
            os.ftruncate(self._file, 0)
        except OSError:
            pass  # a full or read-only disk: closing the file gives the lock up anyway
        os.close(self._file)


def _is_alive(owner: dict) -> bool:
    """Whether the process that signed the lock may still be at work."""
    if owner.get("host") != socket.gethostname():
        return True
    try:
        os.kill(int(owner.get("pid", 0)) or os.getpid(), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
