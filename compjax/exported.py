"""Traced programs, kept: what was traced in one process (`jax.export`, StableHLO) is read in the next.

Tracing is most of what a process pays before it hears anything. A kept program is taken where nothing has
changed that it depends on: this package's files, JAX, the device, the arguments' shapes and the settings.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pathlib
import time
from collections.abc import Callable
from typing import Any

from absl import logging

from compjax.errors import UserError
from compjax.files import atomic_path, cache_folder

UNUSED_DAYS = 30.0
"""A program that was not used for so long is removed when another is written."""
_SUFFIX = ".stablehlo"


class Exported:
    """A function of arrays as a jitted program for each form of its arguments, kept from run to run."""

    def __init__(self, function: Callable, name: str, depends_on: tuple[Any, ...] = ()):
        """Export `function`.

        Args:
            function: of trees of arrays; nothing else may decide what it does but `depends_on`.
            name: the program's, part of its file's.
            depends_on: settings whose `repr` says what they are. Where one is of another package or its
                `repr` names an address, nothing is kept.
        """
        self._function, self._name = function, name
        self._identity = repr(depends_on) if all(map(_is_known, depends_on)) else None
        self._programs: dict[Any, Callable] = {}

    def __call__(self, *args) -> list:
        """The leaves of what the function returns, in their order."""
        form, leaves = self._prepared(args)
        return self._programs[form](*leaves)

    def prepare(self, *args) -> None:
        """Have the program for such arguments ready, but run nothing."""
        self._prepared(args)

    def _prepared(self, args) -> tuple[tuple, list]:
        """The form of arguments, for which there is a program now, and their leaves."""
        import jax

        leaves, tree = jax.tree.flatten(args)
        form = (tree, tuple(jax.typeof(leaf) for leaf in leaves))
        if form not in self._programs:
            self._programs[form] = self._program(*form).lower(*leaves).compile()
        return form, leaves

    def _program(self, tree, avals):
        """The jitted program for one form of the arguments, of their leaves."""
        import jax

        def flat(*leaves):
            return jax.tree.leaves(self._function(*jax.tree.unflatten(tree, leaves)))

        flat.__name__ = self._name
        folder = None if self._identity is None else _folder()
        if folder is None:
            return jax.jit(flat)
        path = folder / f"{self._name}-{self._digest(tree, avals)}{_SUFFIX}"
        exported = _read(path) or _write(path, flat, avals)

        def call(*leaves):
            return exported.call(*leaves)

        call.__name__ = self._name
        return jax.jit(call)

    def _digest(self, tree, avals) -> str:
        """What a kept program depends on, in 32 hexadecimal digits."""
        import jax

        config = jax.config
        settings = config.jax_enable_x64, config.jax_default_matmul_precision, jax.default_backend()
        said = repr((jax.__version__, settings, _package(), self._identity, str(tree), avals))
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def _is_known(thing: Any) -> bool:
    """Whether `repr` says all there is to know of it: values, and objects of this package."""
    own = type(thing).__module__
    return (own == "builtins" or own.split(".")[0] == "compjax") and " at 0x" not in repr(thing)


@functools.cache
def _package() -> str:
    """Names, sizes and times of this package's modules: another version has others."""
    found = hashlib.sha256()
    for path in sorted(pathlib.Path(__file__).parent.rglob("*.py")):
        stat = path.stat()
        found.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return found.hexdigest()


def _folder() -> pathlib.Path | None:
    """Where programs are kept, None where nothing can be written."""
    try:
        folder = cache_folder() / "programs"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    return folder if os.access(folder, os.W_OK) else None


def _read(path: pathlib.Path):
    """The exported program in a file, None if there is none that can be read."""
    from jax import export

    try:
        exported = export.deserialize(bytearray(path.read_bytes()))
        os.utime(path)
    except FileNotFoundError:
        return None
    except Exception as error:  # a damaged file: the reader raises what it likes, and it is made again
        logging.info("%s is traced anew: %s", path.name, error)
        return None
    return exported


def _write(path: pathlib.Path, function: Callable, avals):
    """The function exported, and kept if that can be."""
    import jax
    from jax import export

    shapes = [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in avals]
    exported = export.export(jax.jit(function))(*shapes)
    try:
        _sweep(path.parent)
        with atomic_path(path) as temporary:
            temporary.write_bytes(exported.serialize())
    except (OSError, UserError, ImportError) as error:  # ImportError: JAX writes with flatbuffers
        logging.info("a traced program is not kept: %s", error)
    return exported


def _sweep(folder: pathlib.Path) -> None:
    """Remove what was not used for long."""
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    for path in folder.glob(f"*{_SUFFIX}"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
