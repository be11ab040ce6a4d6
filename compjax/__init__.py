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
    from compjax.audio.errors import UserError
    from compjax.inference.chord_files import parse_chords, read_chords
    from compjax.inference.composition import Composition
    from compjax.inference.grooves import Groove, read_groove
    from compjax.inference.session import Session
    from compjax.inference.streams import Stream

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
    "Composition": "compjax.inference.composition",
    "Groove": "compjax.inference.grooves",
    "Session": "compjax.inference.session",
    "Stream": "compjax.inference.streams",
    "UserError": "compjax.audio.errors",
    "parse_chords": "compjax.inference.chord_files",
    "read_chords": "compjax.inference.chord_files",
    "read_groove": "compjax.inference.grooves",
}
"""Where the public names are at home; each is imported when it is first asked for."""


def load(
    checkpoint: str | os.PathLike | None = None,
    codec: str = "vocos",
    codec_weights: str | os.PathLike | None = None,
) -> Session:
    """A session with the bundled model: see `compjax.inference.session.load`, which this calls."""
    from compjax.inference import session  # heavy, so not before it is wanted

    return session.load(checkpoint, codec, codec_weights)


def compose(input, target, **options: Any) -> Composition:
    """Compose with the bundled model, which is loaded once: see `Session.compose` for the arguments."""
    return _bundled().compose(input, target, **options)


@functools.cache
def _bundled() -> Session:
    return load()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'compjax' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
