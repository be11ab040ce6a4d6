"""The comparison of the original's agents with ours: equal budgets, told or not, one table."""

import json
import pathlib
import types

import numpy as np
import pytest
from absl import flags

from compjax.cli import evaluate
from compjax.constants import SAMPLE_RATE
from compjax.errors import EXIT_CODE, UserError
from compjax.evaluation import agents
from compjax.evaluation.testsets import Pair
from compjax.models.registry import build_agent
from compjax.music.factors import Switches

ROOT = pathlib.Path(__file__).parents[2]


def parsed(*arguments: str) -> flags.FlagValues:
    values = flags.FlagValues()
    flags.DEFINE_integer("seed", 3, "", flag_values=values)
    flags.DEFINE_string("output", "out", "", values)
    flags.DEFINE_enum("codec", "vocos", ["vocos"], "", values)
    flags.DEFINE_string("codec_weights", None, "", values)
    agents.define_flags(values)
    values(["compare", f"--experiments={ROOT / 'experiments'}", *arguments])
    return values


def configs(steps: int = 40) -> dict:
    values = parsed(f"--steps={steps}", "--batch_size=2", "--size=tiny", "--stages=1", "--train=T", "--dev=D")
    budget = agents.budget_of(values)
    return {
        name: agents.configured(agents.read_experiment(values.experiments, file), budget)
        for name, file in agents.EXPERIMENTS.items()
    }


def test_all_four_get_the_same():
    for config in configs().values():
        assert (config.num_steps, config.batch_size, config.seed) == (40, 2, 3)
        assert (config.data.train, config.data.dev) == ("T", "D")
        assert config.optimizer.learning_rate == 1e-3 and config.optimizer.decay_steps == 40


@pytest.mark.parametrize(("steps", "saved"), [(40, 4), (5000, 250)])
def test_a_long_comparison_is_saved_more_often_than_it_is_validated(steps, saved):
    for config in configs(steps).values():
        assert (config.validate_every, config.loop.save_every) == (steps // 10, saved)
        assert config.loop.patience == 0


def test_agents_and_objectives_are_the_originals_and_ours():
    found = configs()
    for name, config in found.items():
        agent, objective = name.split(", ")
        assert config.agent.name == agent
        assert bool(config.agent.settings.get("exact")) == (objective == "original")
        assert ("spectral_sources" in config.losses) == (objective == "original")
    original, ours = (found[f"compositional, {whose}"] for whose in ("original", "ours"))
    assert ours.objective.late.to_dict() == {"begin": 8, "finish": 12}, "a fifth of the budget"
    networks = [build_agent(c.agent.name, c.agent.settings.to_dict()).config for c in (original, ours)]
    assert [network.agent.selector.gate for network in networks] == ["softmax", "sigmoid"]
    assert [network.agent.composer.encoder.size for network in networks] == [64, 64]
    assert [network.cascade.stages for network in networks] == [1, 1]


class FakeSession:
    """Composes the input, softer; remembers how it was asked."""

    writes_notes = False

    def __init__(self, agent: str):
        self.agent, self.asked = agent, []

    def compose(self, given, target, **options):
        self.asked.append(options)
        own = {"rhythm": 0.25, "harmony": 0.5, "timbre": 1.0}
        return types.SimpleNamespace(audio=0.5 * given, notes=(), weights={"input": own, "target": own})


@pytest.fixture
def sessions(monkeypatch):
    """No training: sessions by the name of their agent."""
    made = {}

    def load(path, codec, codec_weights):
        return made.setdefault(path.parent.name, FakeSession(path.parent.name))

    monkeypatch.setattr(agents, "train", lambda config, workdir: workdir / "agent.npz")
    return made, load


def pairs() -> list[Pair]:
    rng = np.random.default_rng(0)
    return [Pair("x", *rng.normal(0, 0.1, (2, SAMPLE_RATE)).astype(np.float32))]


def test_only_ours_are_told_what_to_take(sessions):
    made, load = sessions
    systems, weights = agents.systems_of(parsed(), load)
    assert list(systems) == [*agents.EXPERIMENTS, "compositional, ours, its own weights"]
    for system in systems.values():
        assert system(pairs()[0], Switches()).notes is None
    told = {name: ["rhythm" in options for options in session.asked] for name, session in made.items()}
    assert told == {
        "masking_original": [False],
        "masking_ours": [True],
        "compositional_original": [False],
        "compositional_ours": [True, False],
    }
    assert {name: len(found) for name, found in weights.items()} == dict.fromkeys(systems, 1)


def test_table_has_agents_and_others(sessions):
    _, load = sessions
    results, tables = agents.compare(
        parsed("--steps=7"), pairs(), {"mix": lambda pair, switches: compare_agents_output(pair)}, load
    )
    assert results["budget"]["steps"] == 7
    assert results["systems"]["masking, ours"]["weights"] == [0.25, 0.5, 1.0] * 2
    assert "| mix " in tables[0] and "0.25/0.50/1.00" in tables[0]
    json.dumps(results, allow_nan=False)


def compare_agents_output(pair):
    from compjax.evaluation.benchmark import Output

    return Output(pair.given + pair.target)


def test_missing_experiments_are_one_line(tmp_path):
    with pytest.raises(UserError, match="there is no experiment"):
        agents.read_experiment(str(tmp_path), "masking.py")


@pytest.mark.synth
def test_from_the_command_line(capsys, tmp_path):
    argv = ["compjax-evaluate", "--compare_agents", "--rendered=1", f"--output={tmp_path / 'out'}"]
    assert evaluate.run([*argv, f"--experiments={tmp_path}"]) == EXIT_CODE
    [line] = capsys.readouterr().err.strip().splitlines()[-1:]
    assert line.startswith("compjax-evaluate: there is no experiment")
