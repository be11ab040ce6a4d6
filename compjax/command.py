"""What all commands do alike: flags of their own, help, and errors as one line and an exit status."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import sys
from collections.abc import Callable, Iterator

from absl import flags

from compjax.errors import EXIT_CODE, UserError

EXIT_INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

EXIT_PIPE = 141
"""Exit status where nobody reads on, as shells have it."""

PACKAGE = pathlib.Path(__file__).parent
"""Where this package lies: among the libraries too, unless it is installed to be edited."""

HELP_FLAGS = {"--help", "-help", "-h", "--helpfull"}

Parse = Callable[[list[str]], flags.FlagValues]


def strict_parser(
    define_flags: Callable[[], flags.FlagValues], check: Callable[[flags.FlagValues], None] | None = None
) -> Parse:
    """A parser of command lines that takes nothing but the flags defined.

    `check` looks at flags that need or exclude each other, and raises flags.Error.
    """

    def parse(argv: list[str]) -> flags.FlagValues:
        values = define_flags()
        refuse_surplus(values(argv))
        if check is not None:
            check(values)
        return values

    return parse


def refuse_surplus(left: list[str]) -> None:
    """flags.Error for what is left of a command line, but the program's name."""
    if left[1:]:
        raise flags.Error(f"arguments that belong to no flag: {' '.join(left[1:])}")


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Inside the block nothing is looked through for garbage, and never again what was made in it.

    Importing makes hundreds of thousands of objects, all of which stay.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def run(
    program: str,
    doc: str,
    define_flags: Callable[[], flags.FlagValues],
    parse: Parse,
    act: Callable[[flags.FlagValues], int | None],
    argv: list[str] | None = None,
) -> int:
    """A whole command; returns the exit status.

    Args:
        program: its name, which begins every error.
        doc: printed by --help, before the flags.
        define_flags: the flags, for --help.
        parse: the command line to flags; flags.Error or UserError where it will not do.
        act: what the command does; its status, None for 0. UserError where a value or a file will not do.
        argv: the command line, program name first; `sys.argv` if None.
    """
    argv = sys.argv if argv is None else argv
    _take_any_name()
    try:
        return _carry_out(program, doc, define_flags, parse, act, argv)
    except BrokenPipeError:
        _stop_printing()
        return EXIT_PIPE


def run_strict(
    program: str,
    doc: str,
    define_flags: Callable[[], flags.FlagValues],
    act: Callable[[flags.FlagValues], int | None],
    argv: list[str] | None = None,
) -> int:
    """`run` for a command that takes nothing but its flags, whatever they are together."""
    return run(program, doc, define_flags, strict_parser(define_flags), act, argv)


def log_progress() -> None:
    """Show the product's own log from INFO on, and what libraries warn of."""
    from absl import logging

    flags.FLAGS.mark_as_parsed()  # absl's own, which its log looks into
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    logging.get_absl_handler().addFilter(_worth_a_line)


def _worth_a_line(record) -> bool:
    """What libraries merely mention is left out of the log; Orbax has ten lines for every checkpoint."""
    path = pathlib.Path(record.pathname)
    return record.levelno >= 30 or "site-packages" not in path.parts or path.is_relative_to(PACKAGE)


def say(text: str) -> None:
    """Print and go on, also where nobody reads: `compjax-compose ... | head -1` still makes everything."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _stop_printing()


def _stop_printing() -> None:
    """What is printed from now on goes nowhere, what is waiting too."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # for as long as the process lives
    os.dup2(sys.stdout.fileno(), 1)


def _take_any_name() -> None:
    """Names of files that are no UTF-8 are printed with their bytes as numbers."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _carry_out(program, doc, define_flags, parse, act, argv) -> int:
    """See `run`."""
    if HELP_FLAGS & set(argv[1:]):
        values = define_flags()
        flags.DEFINE_bool("help", False, "Show this help.", values, short_name="h", allow_hide_cpp=True)
        say(f"{doc}\n{values.get_help()}")
        return 0
    try:
        return act(parse(argv)) or 0
    except flags.Error as error:
        return fail(program, f"{' '.join(str(error).split())} (--help lists the flags)", EXIT_CODE)
    except UserError as error:
        return fail(program, error, EXIT_CODE)
    except KeyboardInterrupt:
        return fail(program, "interrupted", EXIT_INTERRUPTED)


def fail(program: str, message: object, status: int) -> int:
    """One line on stderr; returns `status`."""
    print(f"{program}: {message}", file=sys.stderr)
    return status
