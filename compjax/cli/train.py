"""compjax-train: train what an experiment describes.

    compjax-train --config=experiments/compositional.py --workdir=checkpoints_compositional
    compjax-train --config=experiments/masking.py --workdir=runs/masking --config.batch_size=4

What is in the workdir is gone on with: start the same command again after an interruption. Every field of
the experiment can be set with --config.<field>=<value>. The workdir gets checkpoints (the best and the
last), TensorBoard's files (launch/tensorboard.sh shows them) and the file that compjax-compose loads.

Exit status: 0 finished, 42 stopped by a signal and saved, 65 bad settings or data, 70 five steps in a row
that were not finite, 74 the last checkpoint could not be written, 75 ended by the watchdog.
"""

from __future__ import annotations

import os
import pathlib
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

from absl import flags

from compjax import command
from compjax.errors import UserError
from compjax.training.process import exits

CONFIG_HELP = "Experiment to run, e.g. experiments/compositional.py."


def define_flags(argv: list[str] | None = None) -> flags.FlagValues:
    """The command's flags, in a set of their own.

    Args:
        argv: the command line, for the fields of its experiment; None if only help is wanted.

    Raises:
        UserError: if the package that reads experiments is missing.
    """
    values = flags.FlagValues()
    if argv is None:
        flags.DEFINE_string("config", None, CONFIG_HELP, values)
    else:
        try:
            from ml_collections import config_flags
        except ImportError as error:
            raise UserError("training needs more packages: pip install 'compjax[train]'") from error
        config_flags.DEFINE_config_file("config", None, CONFIG_HELP, values, sys_argv=argv)
    text = "Folder of checkpoints and logs; what is there is gone on with."
    flags.DEFINE_string("workdir", None, text, values)
    text = "Weights to begin with, e.g. another run's agent.npz, instead of random ones."
    flags.DEFINE_string("checkpoint", None, text, values)
    text = "auto: join the processes that the environment announces (SLURM, TPU workers, JAX_...)."
    flags.DEFINE_enum("distributed", "auto", ["auto", "on", "off"], text, values)
    text = "Fields in which a resumed run may differ from its checkpoint; data: also other files."
    flags.DEFINE_list("allow_changed", [], text, values)
    flags.DEFINE_float(
        "loss_weight_spectral", None, "Weight of the loss on decoded sound.", flag_values=values
    )
    text = "Weight of the agent's regulariser: novelty, or for the masking agent that of its masks."
    flags.DEFINE_float("mask_reg_weight", None, text, flag_values=values)
    flags.DEFINE_float("gan_weight", None, "Weight of the adversarial loss on latents.", flag_values=values)
    text = "Stages of the cascade; 1: none."
    flags.DEFINE_integer("num_transformer_layers", None, text, 1, flag_values=values)
    return values


def run(argv: list[str] | None = None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status."""

    def parse_to_train(argv: list[str]) -> flags.FlagValues:
        # Until the loop takes the signal over, there is nothing to save.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: os._exit(exits.PREEMPTED))
        values = parse(argv)
        override(values)
        return values

    return command.run("compjax-train", __doc__, define_flags, parse_to_train, train, argv)


def parse(argv: list[str]) -> flags.FlagValues:
    """The flags of a command line, with its experiment.

    Raises:
        flags.Error: for flags that there are not, or a field that the experiment does not have.
        UserError: if the experiment cannot be read.
    """
    values = define_flags(argv)
    try:
        with warnings.catch_warnings():  # of how ml_collections loads a file
            warnings.simplefilter("ignore", DeprecationWarning)
            left = values(argv)
    except flags.Error:
        raise
    except (AttributeError, KeyError) as error:  # a field of the experiment that it does not have
        if "get_config" in str(error):
            raise UserError(f"{_experiment(argv)} is no experiment: it has no function get_config") from error
        raise flags.Error(_unknown_field(argv, error)) from error
    except Exception as error:
        raise UserError(f"the experiment cannot be used: {type(error).__name__}: {_line(error)}") from error
    command.refuse_surplus(left)
    for name in ("config", "workdir"):
        if not values[name].present:
            raise flags.Error(f"--{name} is missing")
    _check_experiment(values, argv)
    return values


def _check_experiment(values: flags.FlagValues, argv: list[str]) -> None:
    """Whether the experiment was read; ml_collections keeps the error of a file until it is used."""
    try:
        values.config.kind  # noqa: B018
    except Exception as error:
        path = _experiment(argv)
        reason = _line(error) if pathlib.Path(path).is_file() else "there is no such file"
        raise UserError(f"{path} is no experiment: {reason}; those there are lie in experiments/") from error


def _experiment(argv: list[str]) -> str:
    """The experiment's path in a command line."""
    for place, word in enumerate(argv):
        if match := re.fullmatch(r"--?config(=(?P<path>.*))?", word, re.DOTALL):
            found = match["path"] if match["path"] is not None else "".join(argv[place + 1 : place + 2])
            return found.partition(":")[0]
    return ""


def _unknown_field(argv: list[str], error: Exception) -> str:
    """One line that names the flag and, where there is one, the field that was probably meant."""
    text = str(error).replace("\\n", " ").replace("\\'", "'").replace('"', "'")
    meant = re.search(r"Did you mean '([^']*)' instead of '([^']*)'", text)
    name = meant[2] if meant else text.strip("'")
    pattern = re.compile(rf"--?(no)?config\.(.*\.)?{re.escape(name)}([.=]|$)")
    given = next((word.split("=")[0] for word in argv if pattern.match(word)), name)
    said = f": did you mean {meant[1]}?" if meant else ""
    return f"{given}: {_experiment(argv)} has no field {name!r}{said}"


def override(values: flags.FlagValues) -> None:
    """Put the original's flags, where they are given, in the place of the experiment's fields.

    Raises:
        UserError: for a flag that the experiment's agent has no use for.
    """
    config = values.config
    losses = config.get("losses", {})
    regulariser = "regulariser" if losses.get("regulariser") else "novelty"
    spectral = "spectral_sources" if losses.get("spectral_sources") else "spectral"
    weights = {"loss_weight_spectral": spectral, "mask_reg_weight": regulariser, "gan_weight": "adversarial"}
    with config.unlocked():
        for flag, loss in weights.items():
            if values[flag].value is not None:
                _require(flag, "losses" in config, config)
                config.losses[loss] = values[flag].value
        if values.num_transformer_layers is not None:
            settings = config.get("agent", {}).get("settings", {})
            _require("num_transformer_layers", "stages" in settings, config)
            settings.stages = values.num_transformer_layers if values.num_transformer_layers > 1 else 0
        if values.checkpoint is not None:
            place = config.run if config.kind == "codec" else config
            place.start_from = values.checkpoint


def _require(flag: str, known: bool, config: Any) -> None:
    if not known:
        name = config.get("agent", {}).get("name", config.kind)
        raise UserError(f"--{flag} does not apply to {name!r}; leave it out")


def train(values: flags.FlagValues, loop: Callable[..., Any] | None = None) -> int:
    """Train what the flags describe; returns the exit status. `loop` is `training.loop.train` if None."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    command.log_progress()
    from compjax.training.task import RunOptions

    if loop is None:
        from compjax.training.loop import train as loop
    options = RunOptions(allow_changed=tuple(values.allow_changed), distributed=values.distributed)
    return loop(values.config, values.workdir, options).status


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(run())
