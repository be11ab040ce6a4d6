"""What the commands of this folder share: clips drawn from a seed, and a table printed."""

from __future__ import annotations

from collections.abc import Callable

from absl import flags

from compjax import command
from compjax.data.splits import SPLITS


def define_split(values: flags.FlagValues) -> None:
    """The flag --split, for clips that instruments play."""
    flags.DEFINE_enum("split", "test", SPLITS, "Whose instruments play.", flag_values=values)


def run(
    program: str,
    doc: str,
    tell: Callable[[flags.FlagValues], str],
    count: int,
    what: str = "Clips.",
    define: Callable[[flags.FlagValues], None] | None = None,
    argv: list[str] | None = None,
) -> int:
    """Print what `tell` makes of --seed, --count (by default `count`) and what `define` adds; exit status."""

    def define_flags() -> flags.FlagValues:
        values = flags.FlagValues()
        flags.DEFINE_integer("seed", 7, "Other clips are drawn.", 0, flag_values=values)
        flags.DEFINE_integer("count", count, what, 1, flag_values=values)
        if define is not None:
            define(values)
        return values

    program = f"compjax.evaluation.hearing.{program}"
    return command.run_strict(program, doc, define_flags, lambda values: print(tell(values)), argv)
