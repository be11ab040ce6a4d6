"""What the commands of this folder share: clips drawn from a seed, a table printed, a fault in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable

from absl import flags

from compjax.data.splits import SPLITS
from compjax.errors import EXIT_CODE, UserError


def define_split(values: flags.FlagValues) -> None:
    """The flag --split, for clips that instruments play."""
    flags.DEFINE_enum("split", "test", SPLITS, "Whose instruments play.", flag_values=values)


def run(
    argv: list[str] | None,
    tell: Callable[[flags.FlagValues], str],
    count: int,
    what: str = "Clips.",
    define: Callable[[flags.FlagValues], None] | None = None,
) -> int:
    """Print what `tell` makes of --seed, --count (by default `count`) and what `define` adds; exit status."""
    values = flags.FlagValues()
    flags.DEFINE_integer("seed", 7, "Other clips are drawn.", 0, flag_values=values)
    flags.DEFINE_integer("count", count, what, 1, flag_values=values)
    if define is not None:
        define(values)
    values(sys.argv if argv is None else argv)
    try:
        print(tell(values))
    except UserError as error:
        print(error, file=sys.stderr)
        return EXIT_CODE
    return 0
