"""compjax-serve: a page in the browser on which two clips become one.

    compjax-serve

prints the page's address. The page is reached from this machine only, unless --host says otherwise;
then whoever reaches this machine can compose on it: there is no password.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys

from absl import flags

from compjax import command
from compjax.files import checkpoint_file


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
    text = "Most of them of one visitor."
    flags.DEFINE_integer("max_jobs_each", default.max_jobs_each, text, flag_values=values)
    text = "Clips and results that nobody asked for this long are deleted."
    flags.DEFINE_float("keep_minutes", default.keep_minutes, text, flag_values=values)
    text = "Memory for clips, and as much again for results."
    flags.DEFINE_float("max_memory_megabytes", default.max_memory_megabytes, text, flag_values=values)
    flags.DEFINE_string(
        "checkpoint",
        None,
        "Weights of the agent, or the folder it was trained in; else the bundled ones.",
        values,
    )
    return values


def run(argv: list[str] | None = None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status."""
    parse = command.strict_parser(define_flags)
    return command.run("compjax-serve", __doc__, define_flags, parse, serve_until_told, argv)


def serve_until_told(values: flags.FlagValues) -> None:
    """`serve`, which Ctrl-C ends in good order: by then all is put away."""
    with contextlib.suppress(KeyboardInterrupt):
        serve(values)


def serve(values: flags.FlagValues) -> None:
    """Serve the page as the flags say, until the process is told to end.

    Raises:
        UserError: if a flag's value will not do.
    """
    from compjax.web import server
    from compjax.web.config import ServeConfig

    names = [field.name for field in dataclasses.fields(ServeConfig)]
    config = ServeConfig(**{name: getattr(values, name) for name in names})
    if values.checkpoint is not None:
        checkpoint_file(values.checkpoint)  # what is wrong with it is said before anything is loaded

    def load():
        from compjax.compose import session  # heavy, so only in the background

        return session.load(values.checkpoint)

    def announce(address: str, in_network: str | None) -> None:
        print(f"compjax is at {address} (Ctrl-C stops it)", flush=True)
        if in_network:
            print(f"and for other machines at {in_network}", flush=True)
            print("WARNING: there is no password; whoever reaches this address can use the page", flush=True)

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    server.serve(load, config, announce)


if __name__ == "__main__":
    sys.exit(run())
