"""The same seed gives the same bytes on any number of cores.

Sums depend on how they are divided among threads. XLA divides a program by the size of its pool of threads;
OpenBLAS, which multiplies NumPy's matrices, by the number of cores. Both are pinned here. What is left:
another kind of processor, another version of JAX or NumPy, an accelerator, or a process that used JAX before
it loaded compjax.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

POOL_THREADS = 8
"""Threads of XLA's pool on the processor, however many cores there are: with fewer they take turns."""


def pin_pool() -> None:
    """Have JAX begin with a pool of `POOL_THREADS`; without effect where it has begun already."""
    import jax

    before = os.environ.get("NPROC")  # what XLA asks for the number of threads
    os.environ["NPROC"] = str(POOL_THREADS)
    try:
        jax.devices()
    finally:
        if before is None:
            del os.environ["NPROC"]
        else:
            os.environ["NPROC"] = before


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """NumPy's matrices are multiplied by one thread; the heavy work is XLA's.

    Libraries are looked for each time (2 ms), since SciPy brings one of its own later.
    """
    from threadpoolctl import ThreadpoolController

    with ThreadpoolController().limit(limits=1, user_api="blas"):
        yield
