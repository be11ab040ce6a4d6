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
    def parts(self) -> dict[int, int]:
        """Bytes of memory of each thing that it holds on to, by `id`: what several hold counts once."""

    @property
    def busy(self) -> bool:
        """Whether it is being worked on, and must stay."""


T = TypeVar("T", bound=Kept)


@dataclasses.dataclass
class _Place(Generic[T]):
    item: T
    touched: float
    leaves: float | None = None  # when it goes unless it is asked for before


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
        now = self._clock()
        with self._lock:
            place = self._places.get(name)
            if place is None or (place.leaves is not None and now >= place.leaves):
                return None
            del self._places[name]
            self._places[name] = _Place(place.item, now)
            return place.item

    def remove(self, name: str) -> T | None:
        """Forget the item of that id, and return it."""
        with self._lock:
            place = self._places.pop(name, None)
        return place.item if place else None

    def leave(self, name: str, seconds: float) -> None:
        """Forget the item of that id in so many seconds, busy or not, unless it is asked for before."""
        with self._lock:
            if place := self._places.get(name):
                place.leaves = self._clock() + seconds

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._places.clear()

    def sweep(self) -> list[T]:
        """Forget what is too old or too much; returns what was forgotten."""
        with self._lock:
            gone = [name for name, place in self._places.items() if self._is_over(place)]
            dropped = [self._places.pop(name).item for name in gone]
            for name, place in list(self._places.items())[:-1]:
                if self._size() <= self._capacity:
                    break
                if not place.item.busy:
                    dropped.append(self._places.pop(name).item)
        return dropped

    def _is_over(self, place: _Place[T]) -> bool:
        now = self._clock()
        if place.leaves is not None and now >= place.leaves:
            return True
        return not place.item.busy and place.touched < now - self._keep_seconds

    def _size(self) -> int:
        """Bytes of all parts of all items."""
        held: dict[int, int] = {}
        for place in self._places.values():
            held.update(place.item.parts)
        return sum(held.values())

    def __len__(self) -> int:
        return len(self._places)
