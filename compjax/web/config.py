"""What the page is served with. Pure Python, so that the command's help is quick."""

from __future__ import annotations

import dataclasses

from compjax.constants import MAX_SECONDS, MIN_SECONDS
from compjax.errors import UserError

MEGABYTE = 1_000_000
"""Bytes of a megabyte, as the limits are given in it."""


COUNTS = ("max_samples", "max_jobs", "max_jobs_each")
"""Limits that are whole numbers."""


@dataclasses.dataclass(frozen=True)
class ServeConfig:
    """Address and limits.

    Attributes:
        host: address to listen on; the default is reached from this machine only.
        port: TCP port; 0 takes a free one.
        allowed_hosts: names that the page may be reached under, besides localhost, this machine's name
            and addresses in numbers.
        max_megabytes: largest file that is taken.
        max_seconds: longest clip that is taken.
        max_samples: most variations of one composition.
        max_jobs: most compositions that wait.
        max_jobs_each: most of them that one visitor (an address of the network) has asked for.
        keep_minutes: clips and results that nobody asked for this long are deleted.
        max_memory_megabytes: clips, and as much again of results; beyond it the longest unused go.

    Raises:
        UserError: at construction, if a limit is none.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    allowed_hosts: tuple[str, ...] = ()
    max_megabytes: float = 50.0
    max_seconds: float = 120.0
    max_samples: int = 8
    max_jobs: int = 16
    max_jobs_each: int = 4
    keep_minutes: float = 60.0
    max_memory_megabytes: float = 500.0

    def __post_init__(self):
        object.__setattr__(self, "allowed_hosts", tuple(self.allowed_hosts))
        if not 0 <= self.port <= 65535:
            raise UserError(f"the port must be between 0 and 65535, not {self.port}")
        if not MIN_SECONDS <= self.max_seconds <= MAX_SECONDS:
            raise UserError(
                f"max_seconds must be between {MIN_SECONDS} and {MAX_SECONDS:.0f}, not {self.max_seconds}"
            )
        for name in (*COUNTS, "max_megabytes", "keep_minutes", "max_memory_megabytes"):
            if not getattr(self, name) > 0:
                raise UserError(f"{name} must be above 0, not {getattr(self, name)}")

    @property
    def max_bytes(self) -> int:
        """Bytes of the largest file that is taken."""
        return round(self.max_megabytes * MEGABYTE)
