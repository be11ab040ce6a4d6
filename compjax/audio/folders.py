"""Where compjax keeps files that it can make again."""

import os
import pathlib

ENVIRONMENT_VARIABLE = "COMPJAX_CACHE"
"""Names the folder; the default is compjax in $XDG_CACHE_HOME or ~/.cache."""


def cache_folder() -> pathlib.Path:
    """Folder that compjax may fill and the user may delete; a RuntimeError where there is no home."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(named) if named else pathlib.Path(base) / "compjax"
