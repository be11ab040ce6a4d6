"""Names of classes and types, and those that mean two things."""

from __future__ import annotations

import ast
import collections
import pathlib

PACKAGE = pathlib.Path(__file__).parents[2] / "compjax"


def nouns_of(path: pathlib.Path) -> set[str]:
    """Names of the classes and types that a file defines for others."""
    body = ast.parse(path.read_text()).body
    assigned = [
        t.id for node in body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)
    ]
    classes = [node.name for node in body if isinstance(node, ast.ClassDef)]
    return {name for name in [*classes, *assigned] if name[0].isupper() and not name.isupper()}


def clashes() -> dict[str, list[str]]:
    """Classes and types that are defined in more than one file."""
    homes = collections.defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        for name in nouns_of(path) - {"Array"}:  # jax.Array, as many files call it
            homes[name].append(str(path.relative_to(PACKAGE)))
    return {name: files for name, files in homes.items() if len(files) > 1}
