"""What a run is compared by before it goes on from a checkpoint."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from absl import logging

from compjax.errors import UserError

FREE = ("num_steps", "log_every", "validate_every", "loop")
"""Fields that change no step's result, so that a run may go on with others."""


def flatten(values: Mapping, prefix: str = "") -> dict[str, Any]:
    """Nested settings as `a.b` -> value; lists and tuples become lists."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + str(name)] = list(value) if isinstance(value, list | tuple) else value
    return flat


def versions() -> dict[str, str]:
    """Of what decides a step's bits."""
    import jax
    import jaxlib
    import numpy

    return {
        "python": platform.python_version(),
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "numpy": numpy.__version__,
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
    }


def _covered(field: str, names: tuple[str, ...]) -> bool:
    return any(field == name or field.startswith(f"{name}.") for name in names)


def differences(before: Mapping, now: Mapping, allowed: tuple[str, ...], free: tuple[str, ...]) -> list[str]:
    """A line for every field of the configuration or the data that changed and may not.

    Args:
        before, now: fingerprints (`Task.fingerprint`).
        allowed: fields that the user lets change.
        free: fields that anybody may change.
    """
    old, new = flatten(before["config"]), flatten(now["config"])
    lines = []
    for field in sorted(old.keys() | new.keys()):
        if old.get(field) != new.get(field) and not _covered(field, allowed + free):
            lines.append(
                f"  {field}: {old.get(field, 'not set')!r} there, {new.get(field, 'not set')!r} here"
            )
    if before["data"] != now["data"] and not _covered("data", allowed):
        lines.append(f"  data: the files are not the same ({before['data']} there, {now['data']} here)")
    return lines


def check_same_run(
    meta: Mapping, fingerprint: Mapping, allowed: tuple[str, ...], free: tuple[str, ...] = FREE
) -> None:
    """Compare a checkpoint's description with the run; other versions are only warned of.

    Raises:
        UserError: with one line for each changed field.
    """
    before = meta["fingerprint"]
    lines = differences(before, fingerprint, allowed, free)
    if lines:
        fields = ",".join(line.split(":")[0].strip() for line in lines)
        raise UserError(
            f"the checkpoint of step {meta['step']} is of another run:\n"
            + "\n".join(lines)
            + f"\nuse another workdir, or go on all the same with --allow_changed={fields}"
        )
    for name, value in before["versions"].items():
        if fingerprint["versions"].get(name) != value:
            logging.warning(
                "%s was %s and is %s: results may differ in the last bits",
                name,
                value,
                fingerprint["versions"].get(name),
            )
