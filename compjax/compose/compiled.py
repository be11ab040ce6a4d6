"""Compiled programs kept from one run to the next."""

from __future__ import annotations

import os

from absl import logging

from compjax.files import cache_folder


def keep_compiled_programs() -> bool:
    """Have JAX keep what it compiles in `cache_folder() / "jax"`; whether it does.

    A cache folder that the user has set for JAX is left alone; without one that can be written, JAX
    compiles anew in every run.
    """
    import jax

    if jax.config.jax_compilation_cache_dir:
        return True
    try:
        folder = cache_folder() / "jax"
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
        logging.info("compiled programs are not kept: %s", error)
        return False
    if writable:
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return writable
