"""How far a composition is: its phases, their shares of the work, and what people are told of them."""

from __future__ import annotations

from collections.abc import Callable

ONCE = {"read": 1, "align": 2, "report": 25, "encode": 10, "listen": 12, "select": 2, "capture": 50}
"""Phases that a pair goes through once, and their shares of the work, as `timings` of reports have them."""

EACH = {"compose": 2, "render": 1, "decode": 25, "report": 25}
"""Phases of each variation, and their shares."""

WORDS = {
    "read": "Reading the clips",
    "align": "Finding the beats",
    "report": "Measuring",
    "encode": "Encoding the clips",
    "listen": "Listening",
    "select": "Choosing what comes from where",
    "capture": "Learning the instrument",
    "compose": "Arranging",
    "render": "Playing",
    "decode": "Making sound of it",
}
"""What the page says during a phase."""


class Steps:
    """A listener for composing that keeps count; it may be asked from other threads."""

    def __init__(self, num_samples: int, check: Callable[[], None]):
        """`check` is called at every step, and may stop the work by raising."""
        self._plan = [*ONCE.items(), *(list(EACH.items()) * num_samples)]
        self._total = sum(share for _, share in self._plan)
        self._check = check
        self._at = 0
        self.phase = ""
        self.share = 0.0

    @property
    def words(self) -> str:
        """What is being done, for people."""
        return WORDS.get(self.phase, "")

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Note that `done` of `total` windows of a phase are finished; phases not planned for are skipped."""
        self._check()
        names = [name for name, _ in self._plan]
        if phase not in names[self._at :]:
            return
        self._at = names.index(phase, self._at)
        before = sum(share for _, share in self._plan[: self._at])
        share = (before + self._plan[self._at][1] * done / max(total, 1)) / self._total
        self.phase, self.share = phase, max(self.share, min(share, 1.0))
