"""compjax-train: train what a configuration describes."""

from __future__ import annotations

import json
import sys

from absl import app, flags

from compjax.audio.errors import EXIT_CODE, UserError

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of checkpoints and logs; what is there is resumed.")


def define_config() -> flags.FlagHolder:
    """The flag --config, from a package that comes with the extra `train`; a UserError if it is missing."""
    try:
        from ml_collections import config_flags
    except ImportError as error:
        raise UserError("training needs more packages: pip install 'compjax[train]'") from error
    return config_flags.DEFINE_config_file(
        "config", None, "Experiment to run, e.g. experiments/arranging.py."
    )


def train(config, workdir: str) -> None:
    """Call the loop of the configuration's kind."""
    if config.kind == "codec":
        from compjax.training.codec_loop import train_codec

        train_codec(json.loads(config.to_json_best_effort()), workdir)
    else:
        from compjax.training.loop import train_agent

        train_agent(config, workdir)


def fail(error: UserError) -> None:
    """One line on stderr, and the exit status of bad data."""
    print(f"compjax-train: {error}", file=sys.stderr)
    sys.exit(EXIT_CODE)


def run() -> None:
    """Entry point of the console script."""
    try:
        config = define_config()
    except UserError as error:
        fail(error)
    flags.mark_flags_as_required(["config", "workdir"])

    def main(argv: list[str]) -> None:
        if len(argv) > 1:
            raise app.UsageError(f"unexpected argument {argv[1]!r}; all options are flags")
        try:
            train(config.value, _WORKDIR.value)
        except UserError as error:
            fail(error)

    app.run(main)


if __name__ == "__main__":
    run()
