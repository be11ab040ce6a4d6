"""Things that are kept in memory for a while under names that cannot be guessed."""

from __future__ import annotations

import dataclasses
import secrets
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Kept(Protocol):
    """What a shelf can hold."""

    @property
    def size(self) -> int:
        """Bytes of memory, roughly."""

    @property
    def busy(self) -> bool:
        """Whether it is being worked on, and must stay."""


T = TypeVar("T", bound=Kept)


@dataclasses.dataclass
class _Place(Generic[T]):
    item: T
    touched: float


class Shelf(Generic[T]):
    """Items by unguessable id; safe to use from several threads.

    What was not asked for during `keep_seconds` goes, and beyond `capacity` bytes the longest unused
    goes first. The newest item always stays.
    """

    def __init__(self, keep_seconds: float, capacity: int, clock: Callable[[], float] = time.monotonic):
        self._keep_seconds = keep_seconds
        self._capacity = capacity
        self._clock = clock
        self._lock = threading.Lock()
        self._places: dict[str, _Place[T]] = {}  # the longest unused first

    def put(self, item: T) -> str:
        """Keep `item`; returns its id."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._places[name] = _Place(item, self._clock())
        self.sweep()
        return name

    def get(self, name: str) -> T | None:
        """The item of that id, which counts as used now; None if there is none."""
        with self._lock:
            place = self._places.pop(name, None)
            if place is None:
                return None
            place.touched = self._clock()
            self._places[name] = place
            return place.item

    def remove(self, name: str) -> T | None:
        """Forget the item of that id, and return it."""
        with self._lock:
            place = self._places.pop(name, None)
        return place.item if place else None

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._places.clear()

    def sweep(self) -> None:
        """Forget what is too old or too much."""
        with self._lock:
            oldest = self._clock() - self._keep_seconds
            room = self._capacity - sum(place.item.size for place in self._places.values())
            for name, place in list(self._places.items())[:-1]:
                if not place.item.busy and (place.touched < oldest or room < 0):
                    room += place.item.size
                    del self._places[name]
            self._drop_last_if_old(oldest)

    def _drop_last_if_old(self, oldest: float) -> None:
        for name, place in list(self._places.items())[-1:]:
            if not place.item.busy and place.touched < oldest:
                del self._places[name]

    def __len__(self) -> int:
        return len(self._places)
