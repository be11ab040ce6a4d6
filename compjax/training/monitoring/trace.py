"""An exact record of a run, `trace.jsonl`, by which two runs can be compared bit by bit."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping

NAME = "trace.jsonl"


class Trace:
    """One line for every step: its number, its batch's checksum, its scalars as exact hexadecimal numbers.

    A resumed run appends; a step that was done twice stands there twice.
    """

    def __init__(self, workdir: str, process: int) -> None:
        name = NAME if process == 0 else f"trace-{process}.jsonl"
        self._file = os.open(os.path.join(workdir, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def step(self, number: int, batch: str, scalars: Mapping[str, float]) -> None:
        """Append a step."""
        exact = {name: float(value).hex() for name, value in sorted(scalars.items())}
        line = json.dumps({"step": number, "batch": batch, "scalars": exact}) + "\n"
        with contextlib.suppress(OSError):  # a full disk is the checkpoints' to report
            os.write(self._file, line.encode())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
