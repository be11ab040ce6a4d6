"""Compose with the bundled model, which is loaded once: see `Session.compose` for the arguments.

The room of composing has the name of the function `compjax.compose(input, target, **options)`. Importing
anything of it puts the room in the function's place, so the room is what is called.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compjax.compose.composition import Composition


class _Room(types.ModuleType):
    def __call__(self, input, target, **options: Any) -> Composition:
        import compjax

        return compjax._bundled().compose(input, target, **options)


sys.modules[__name__].__class__ = _Room
