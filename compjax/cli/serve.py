"""compjax-serve: a page in the browser on which two clips become one.

    compjax-serve

prints the page's address. The page is reached from this machine only, unless --host says otherwise;
then whoever reaches this machine can compose on it: there is no password.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import sys

from absl import flags

from compjax.audio.errors import EXIT_CODE, UserError

EXIT_USAGE = 1
"""Exit status after flags that cannot be parsed."""


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    from compjax.web.config import ServeConfig

    values, default = flags.FlagValues(), ServeConfig()
    text = "Address to listen on; 0.0.0.0 lets every machine of the network in."
    flags.DEFINE_string("host", default.host, text, values)
    flags.DEFINE_integer("port", default.port, "TCP port; 0 takes a free one.", flag_values=values)
    text = "Names that the page is reached under, where it is not localhost or an address in numbers."
    flags.DEFINE_list("allowed_hosts", [], text, values)
    text = "Largest file that is taken."
    flags.DEFINE_float("max_megabytes", default.max_megabytes, text, flag_values=values)
    text = "Longest clip that is taken."
    flags.DEFINE_float("max_seconds", default.max_seconds, text, flag_values=values)
    text = "Most variations of one composition."
    flags.DEFINE_integer("max_samples", default.max_samples, text, flag_values=values)
    flags.DEFINE_integer("max_jobs", default.max_jobs, "Most compositions that wait.", flag_values=values)
    text = "Clips and results that nobody asked for this long are deleted."
    flags.DEFINE_float("keep_minutes", default.keep_minutes, text, flag_values=values)
    text = "Memory for clips, and as much again for results."
    flags.DEFINE_float("max_memory_megabytes", default.max_memory_megabytes, text, flag_values=values)
    flags.DEFINE_string("checkpoint", None, "Weights of the agent; the bundled ones if not given.", values)
    flags.DEFINE_bool("help", False, "Show this help.", values, short_name="h", allow_hide_cpp=True)
    return values


def run(argv: list[str] | None = None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status."""
    values = define_flags()
    argv = sys.argv if argv is None else argv
    if {"--help", "-help", "-h", "--helpfull"} & set(argv[1:]):
        print(f"{__doc__}\n{values.get_help()}")
        return 0
    try:
        surplus = values(argv)[1:]
        if surplus:
            raise flags.Error(f"arguments that belong to no flag: {' '.join(surplus)}")
    except flags.Error as error:
        return _fail(f"{error} (--help lists the flags)", EXIT_USAGE)
    try:
        serve(values)
    except UserError as error:
        return _fail(error, EXIT_CODE)
    except KeyboardInterrupt:  # the way to end it; by now all is put away
        pass
    return 0


def serve(values: flags.FlagValues) -> None:
    """Serve the page as the flags say, until the process is told to end.

    Raises:
        UserError: if a flag's value will not do.
    """
    from compjax.web import server
    from compjax.web.config import ServeConfig

    names = [field.name for field in dataclasses.fields(ServeConfig)]
    config = ServeConfig(**{name: getattr(values, name) for name in names})
    if values.checkpoint is not None and not pathlib.Path(values.checkpoint).is_file():
        raise UserError(f"there is no checkpoint {values.checkpoint}")

    def load():
        from compjax.inference import session  # heavy, so only in the background

        return session.load(values.checkpoint)

    def announce(address: str) -> None:
        print(f"compjax is at {address} (Ctrl-C stops it)", flush=True)

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    server.serve(load, config, announce)


def _fail(message, status: int) -> int:
    print(f"compjax-serve: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(run())
