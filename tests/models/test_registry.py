"""Agents by name and settings."""

import pathlib
import runpy

import pytest

from compjax.models.composing.config import CascadeConfig, MaskingConfig, seed_exact_network
from compjax.models.registry import build_agent


@pytest.mark.parametrize("name", ["compositional", "masking"])
@pytest.mark.parametrize("stages", [0, 1, 2])
def test_exact_is_the_originals_network(name, stages):
    built = build_agent(name, {"exact": True, "stages": stages})
    assert built.config == seed_exact_network(name, stages)
    cascade = built.config.cascade
    assert (cascade.stages if cascade else 0) == stages
    assert not stages or cascade.residual == "average"


def test_sizes_of_the_originals_network():
    built = build_agent("compositional", {"exact": True, "size": "small", "stages": 1, "layers": 2})
    assert built.config.agent.composer.encoder.size == 256
    assert built.config.agent.selector.gate == "softmax"
    assert built.config.cascade.layers == 2


def test_ours_is_wired_otherwise():
    built = build_agent("compositional", {"size": "tiny", "stages": 1, "layers": 2})
    assert built.config.agent.selector.gate == "sigmoid"
    assert built.config.agent.composer.style_size == 9
    assert built.config.cascade == CascadeConfig(stages=1, layers=2)
    assert build_agent("masking", {"exact": False}).config.agent == MaskingConfig()


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("other", {}, "unknown agent 'other'"),
        ("compositional", {"size": "huge"}, "unknown size 'huge'"),
        ("compositional", {"stage": 2}, "unknown settings .'stage'."),
        ("masking", {"exact": True, "hidden": 2}, "unknown settings .'hidden'. of the original's network"),
        ("arranging", {"exact": True}, "agent is 'arranging'; it must be one of compositional, masking"),
    ],
)
def test_what_is_unknown_is_named(name, settings, message):
    with pytest.raises(ValueError, match=message):
        build_agent(name, settings)


@pytest.mark.parametrize("agent", ["compositional", "masking"])
def test_the_experiment_builds_exactly_the_originals_network(agent):
    """The network that `test_golden.py` compares with the original's values, array by array."""
    pytest.importorskip("ml_collections")
    path = pathlib.Path(__file__).parents[2] / "experiments" / "seed_exact.py"
    config = runpy.run_path(str(path))["get_config"](agent)
    built = build_agent(config.agent.name, config.agent.settings.to_dict())
    assert built == build_agent(agent, {"exact": True})
    assert built.config == seed_exact_network(agent, 2)
    assert config.agent.given == ()
