"""compjax-evaluate --compare_agents: the original's agents and objective against ours, trained alike.

    compjax-evaluate --compare_agents --rendered=32 --train=data/train --dev=data/dev --output=report

trains the masking and the compositional agent by the original's objective (experiments/seed_exact.py) and
by ours (experiments/masking.py, experiments/compositional.py), all four on the same data for the same steps
with the same optimiser, and judges them on held-out rendered pairs beside the baselines. What is trained
lies below --output and is not trained again. The original's agents choose their weights themselves, as
they did; ours are told to take the input's rhythm and the target's harmony and timbre, and the
compositional one is judged on its own choice too.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from absl import flags

from compjax.errors import UserError
from compjax.evaluation.systems import composing

EXPERIMENTS = {
    "masking, original": "seed_exact.py:masking",
    "masking, ours": "masking.py",
    "compositional, original": "seed_exact.py:compositional",
    "compositional, ours": "compositional.py",
}
"""Agents to compare, by their names in the table: file and argument of their experiment."""

AGENT = "agent.npz"
"""Name of the file of weights that training leaves."""

VALIDATIONS = 10
"""Of a whole training."""

SAVE_EVERY = 250
"""Steps of a comparison's training after which it is resumable."""

OWN_CHOICE = ", its own weights"
"""Added to the name of an agent that was told its weights, where it chooses them."""


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every agent gets.

    Attributes:
        train, dev: folders of rendered shards.
        steps, batch_size, learning_rate: of training; the rate warms up and decays.
        size: of the compositional agent, a key of `models.config.SIZES`.
        stages, layers: of the cascade, where an agent has one.
        decoded_seconds: of each clip that the losses on sound hear in a step.
        patience: of ten validations, those in a row that may be no better before an agent's training ends.
    """

    train: str
    dev: str
    steps: int
    batch_size: int
    learning_rate: float
    size: str
    stages: int
    layers: int
    decoded_seconds: float = 1.0
    patience: int = 0
    seed: int = 0


def define_flags(values: flags.FlagValues) -> None:
    """The comparison's own flags."""
    text = "Train the original's agents and ours alike and judge them: see compjax/evaluation/agents.py."
    flags.DEFINE_bool("compare_agents", False, text, values)
    flags.DEFINE_string("train", "data/train", "--compare_agents: rendered shards to train on.", values)
    flags.DEFINE_string("dev", "data/dev", "--compare_agents: rendered shards to validate on.", values)
    flags.DEFINE_string("experiments", "experiments", "--compare_agents: folder of experiments.", values)
    flags.DEFINE_integer("steps", 400, "--compare_agents: training steps of each.", 1, flag_values=values)
    flags.DEFINE_integer("batch_size", 8, "--compare_agents: clips a step.", 1, flag_values=values)
    flags.DEFINE_float("learning_rate", 1e-3, "--compare_agents: highest.", 0.0, flag_values=values)
    flags.DEFINE_string("size", "small", "--compare_agents: of the compositional agents.", values)
    flags.DEFINE_integer("stages", 2, "--compare_agents: of the cascades.", 0, flag_values=values)
    flags.DEFINE_integer("layers", 1, "--compare_agents: of each stage.", 1, flag_values=values)
    text = "--compare_agents: of each clip that the losses on sound hear in a step."
    flags.DEFINE_float("decoded_seconds", 1.0, text, 0.0, flag_values=values)
    text = "--compare_agents: validations, of ten, without a better one that end a training; 0: none."
    flags.DEFINE_integer("patience", 0, text, 0, flag_values=values)


def budget_of(values: flags.FlagValues) -> Budget:
    """The budget that the flags describe."""
    named = {field.name: values[field.name].value for field in dataclasses.fields(Budget)}
    return Budget(**named)


def read_experiment(folder: str, name: str) -> Any:
    """The configuration of an experiment, `file.py` or `file.py:argument`.

    Raises:
        UserError: if there is no such file, or what it needs is not installed.
    """
    import runpy

    file, _, argument = name.partition(":")
    path = pathlib.Path(folder) / file
    if not path.is_file():
        raise UserError(f"there is no experiment {path}; name their folder with --experiments")
    try:
        make = runpy.run_path(str(path))["get_config"]
    except ImportError as error:
        raise UserError("training needs more packages: pip install 'compjax[train]'") from error
    return make(argument) if argument else make()


def configured(config: Any, budget: Budget) -> Any:
    """The configuration with the budget's data, steps, optimiser and sizes."""
    share = budget.steps / config.num_steps
    with config.unlocked():
        late = config.objective.late
        late.begin, late.finish = round(share * late.begin), round(share * late.finish)
        config.update({"num_steps": budget.steps, "batch_size": budget.batch_size, "seed": budget.seed})
        config.validate_every = max(budget.steps // VALIDATIONS, 1)
        config.loop.patience = budget.patience
        config.log_every = max(budget.steps // 40, 1)
        config.loop.save_every = min(config.validate_every, SAVE_EVERY)
        config.ema_decay = min(config.ema_decay, 1.0 - 10.0 / (budget.steps + 10.0))
        config.data.train, config.data.dev = budget.train, budget.dev
        config.optimizer.learning_rate = budget.learning_rate
        config.optimizer.warmup_steps = budget.steps // 10
        config.optimizer.decay_steps = budget.steps
        config.optimizer.clip_norm = 1.0
        config.objective.decoded_seconds = budget.decoded_seconds
        config.auditions.clips = 0  # all are judged in the end
        settings = config.agent.settings
        if config.agent.name == "compositional":
            settings.size = budget.size
        if "stages" in settings:
            settings.stages, settings.layers = budget.stages, budget.layers
    return config


def train(config: Any, workdir: pathlib.Path) -> pathlib.Path:
    """The inference file of an agent trained by `config`; a finished one is not trained again."""
    from compjax.training.loop import train as run
    from compjax.training.task import RunOptions

    outcome = run(config, str(workdir), RunOptions(distributed="off"))
    if outcome.status != 0:
        raise UserError(f"training in {workdir} ended with status {outcome.status}; run again to go on")
    return workdir / AGENT


def systems_of(
    values: flags.FlagValues, load: Callable[..., Any]
) -> tuple[dict[str, Callable], dict[str, list]]:
    """Systems to judge by name, trained first, and lists that get the weights of what they compose."""
    budget = budget_of(values)
    systems: dict[str, Callable] = {}
    weights: dict[str, list] = {}
    for name, experiment in EXPERIMENTS.items():
        config = configured(read_experiment(values.experiments, experiment), budget)
        session = load(train(config, _workdir(values, name)), values.codec, values.codec_weights)
        told = "gates" in config.agent.get("given", ("gates", "style"))
        weights[name] = []
        systems[name] = composing(session, values.seed, told, weights[name])
        if told and config.agent.name == "compositional":
            weights[name + OWN_CHOICE] = []
            systems[name + OWN_CHOICE] = composing(session, values.seed, False, weights[name + OWN_CHOICE])
    return systems, weights


def trained(values: flags.FlagValues) -> dict[str, pathlib.Path]:
    """The agents' weights files by name, once they are trained."""
    return {name: _workdir(values, name) / AGENT for name in EXPERIMENTS}


def _workdir(values: flags.FlagValues, name: str) -> pathlib.Path:
    return pathlib.Path(values.output) / "runs" / name.replace(", ", "_")


def compare(
    values: flags.FlagValues, pairs: list, others: Mapping[str, Callable], load, keep=None
) -> tuple[dict, list]:
    """Train, judge beside `others`, and give results for JSON and their tables; `keep` gets the outputs."""
    from compjax.evaluation import benchmark, own_choice, report

    systems, weights = systems_of(values, load)
    results = report.as_dict(benchmark.run(pairs, systems | dict(others), keep=keep))
    results = own_choice.add_weights(results, weights) | {"budget": dataclasses.asdict(budget_of(values))}
    return results, [own_choice.agents_table(results), report.table(results)]
