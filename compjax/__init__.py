"""compjax: two clips in, a new one out.

>>> import compjax
>>> session = compjax.load()
>>> composition = session.compose("drums.wav", "piano.wav", seed=1)
>>> composition.save("out.wav")

A `Session` also composes variations (`compose_many`), lists of pairs (`compose_pairs`) and piece by
piece (`stream`), and hears one clip alone (`listen`). A `Composition` has `audio`, `midi`, `weights` and
`report`, and shows itself in a notebook. `read_groove` and `read_chords` read what can stand in the place
of what is heard. `compjax/docs` has a tutorial, recipes and a notebook.
"""

from __future__ import annotations

import functools
import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compjax.compose.composition import Composition
    from compjax.compose.session import Session
    from compjax.compose.streams import Stream
    from compjax.errors import UserError
    from compjax.music.chords.chord_files import parse_chords, read_chords
    from compjax.music.groove import Groove, read_groove

__all__ = [
    "Composition",
    "Groove",
    "Session",
    "Stream",
    "UserError",
    "compose",
    "load",
    "parse_chords",
    "read_chords",
    "read_groove",
]

_HOMES = {
    "Composition": "compjax.compose.composition",
    "Groove": "compjax.music.groove",
    "Session": "compjax.compose.session",
    "Stream": "compjax.compose.streams",
    "UserError": "compjax.errors",
    "parse_chords": "compjax.music.chords.chord_files",
    "read_chords": "compjax.music.chords.chord_files",
    "read_groove": "compjax.music.groove",
}
"""Where the public names are at home; each is imported when it is first asked for."""


def load(
    checkpoint: str | os.PathLike | None = None,
    codec: str = "vocos",
    codec_weights: str | os.PathLike | None = None,
) -> Session:
    """A session with the bundled model: see `compjax.compose.session.load`, which this calls."""
    from compjax.compose import session  # heavy, so not before it is wanted

    return session.load(checkpoint, codec, codec_weights)


@functools.cache
def _bundled() -> Session:
    return load()


def __getattr__(name: str) -> Any:
    if name == "compose":  # the room, which can be called
        return importlib.import_module("compjax.compose")
    if name not in _HOMES:
        raise AttributeError(f"module 'compjax' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
