"""The original's checkpoints: what a file tells of its network, and what is refused."""

import argparse

import jax
import numpy as np
import pytest
from torch_files import tensor, write_zip

from compjax.errors import UserError
from compjax.models.registry import build_agent
from compjax.port.original import describe, read_checkpoint


@pytest.fixture(scope="module")
def masks(original_state):
    """State dict of the masking agent without its cascade: the smallest of the original's."""
    state = original_state("masking")
    return {name: value for name, value in state.items() if not name.startswith("cascade")}


def checkpoint(state, **more) -> dict:
    return {"epoch": 3, "model_state_dict": {name: tensor(v) for name, v in state.items()}, **more}


@pytest.mark.parametrize("agent", ["compositional", "masking"])
def test_a_state_dict_tells_its_network(original_keys, agent):
    names = list(original_keys(agent))
    assert describe(names, "") == {"agent": agent, "settings": {"exact": True, "stages": 2, "layers": 4}}
    first = [name for name in names if not name.startswith("cascade_stages.1")]
    assert describe(first, "")["settings"] == {"exact": True, "stages": 1, "layers": 4}
    alone = [name for name in names if not name.startswith("cascade_stages")]
    assert describe(alone, "")["settings"] == {"exact": True, "stages": 0}


@pytest.mark.parametrize(
    "names", [["a.weight"], ["creative_agent.composer.x", "creative_agent.mask_generator.y"]]
)
def test_names_of_neither_agent_or_both(names):
    with pytest.raises(UserError, match="neither or both of the original's agents"):
        describe(names, "w.pt")


def test_a_checkpoint_becomes_an_agent(tmp_path, masks, quick_jit, golden):
    """Its masks are the original's."""
    write_zip(
        tmp_path / "best_model.pt", checkpoint(masks, args=argparse.Namespace(lr=1e-4, betas=(0.5, 0.9)))
    )
    config, variables = read_checkpoint(tmp_path / "best_model.pt")
    assert config["source"]["args"] == {"lr": 1e-4}
    assert (config["agent"], config["codec"], config["frames"]) == ("masking", "encodec", 1200)
    assert config["raw_latents"] is True
    module = build_agent(config["agent"], config["settings"])
    output = quick_jit(module.apply)(variables, golden["input_latents"], golden["target_latents"])
    np.testing.assert_allclose(output.extras["input_mask"], golden["input_mask"], rtol=0, atol=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "agent, array", [("compositional", "cascade_output"), ("masking", "masking_cascade_output")]
)
def test_whole_checkpoints(tmp_path, original_state, golden, agent, array):
    write_zip(tmp_path / "best_model.pt", checkpoint(original_state(agent)))
    config, variables = read_checkpoint(tmp_path / "best_model.pt")
    module = build_agent(config["agent"], config["settings"])
    output = jax.jit(module.apply)(variables, golden["input_latents"], golden["target_latents"])
    np.testing.assert_allclose(output.latents, golden[array], rtol=0, atol=2e-4)


def refusal(path) -> str:
    with pytest.raises(UserError) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    return str(caught.value)


def test_missing_extra_and_wrong(tmp_path, masks):
    path = tmp_path / "w.pt"
    name = "creative_agent.mask_generator.input_analyzer.0.bias"
    write_zip(path, checkpoint({key: value for key, value in masks.items() if key != name}))
    assert "1 weights that no name fills: params/agent/mask_generator/input_analyser/conv1/bias" in refusal(
        path
    )
    write_zip(path, checkpoint(masks | {"creative_agent.new.weight": np.zeros(3, np.float32)}))
    assert "1 names that the masking network does not have: creative_agent.new.weight" in refusal(path)
    write_zip(path, checkpoint(masks | {name: np.zeros(3, np.float32)}))
    assert f"{name} has shape [3]" in refusal(path)


@pytest.mark.parametrize("content", [{"epoch": 1}, [1], 7, {"state_dict": {}}])
def test_no_checkpoint(tmp_path, content):
    write_zip(tmp_path / "w.pt", content)
    assert "is no checkpoint of the original: model_state_dict is missing" in refusal(tmp_path / "w.pt")


@pytest.mark.parametrize("args", [None, {"lr": 1.0, "f": [1]}, "text"])
def test_settings_in_any_form(tmp_path, masks, args):
    write_zip(tmp_path / "w.pt", checkpoint(masks, args=args))
    expected = {"lr": 1.0} if isinstance(args, dict) else {}
    assert read_checkpoint(tmp_path / "w.pt")[0]["source"]["args"] == expected
