"""The pairs that were heard last, so that a change is heard at once."""

from __future__ import annotations

import threading
import weakref

from compjax.compose.asked.options import ComposeOptions
from compjax.web.clips import HeldClip

MOST = 3
"""Pairs that are kept open; one of two minutes takes some 200 MB."""


class OpenPairs:
    """Open pairs (`compjax.compose.open_pair.OpenPair`) by their clips, each for as long as both are here."""

    def __init__(self, most: int = MOST):
        self._most = most
        self._lock = threading.Lock()
        self._open: dict[tuple[int, int], list] = {}  # the longest unused first
        self._watched: dict[int, weakref.ref] = {}

    def of(self, session, clips: tuple[HeldClip, HeldClip], options: dict, listener):
        """The open pair of two clips that serves these options: one that is kept, or heard now."""
        key = (id(clips[0]), id(clips[1]))
        with self._lock:
            kept = self._open.pop(key, [])
            if kept:
                self._open[key] = kept
        chosen = ComposeOptions(**options)
        for pair in kept:
            if pair.serves(chosen):
                return pair
        given = [clip.source for clip in clips]
        pair = session.open_pair(
            *given, sample_rate=tuple(clip.rate for clip in clips), progress=listener, **options
        )
        self._keep(key, clips, pair)
        return pair

    def _keep(self, key: tuple[int, int], clips: tuple[HeldClip, HeldClip], pair) -> None:
        with self._lock:
            self._open.setdefault(key, []).append(pair)
            for clip in clips:
                self._watched.setdefault(id(clip), weakref.ref(clip, self._forgetter(id(clip))))
            while sum(map(len, self._open.values())) > self._most:
                longest_unused = next(iter(self._open))
                self._open[longest_unused].pop(0)
                if not self._open[longest_unused]:
                    del self._open[longest_unused]

    def _forgetter(self, clip: int):
        def forget(_) -> None:
            with self._lock:
                self._watched.pop(clip, None)
                for key in [key for key in self._open if clip in key]:
                    del self._open[key]

        return forget

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))
