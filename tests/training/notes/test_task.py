"""The transformer through the loop, and that it learns."""

import pathlib
import runpy

import jax
import numpy as np
import pytest
from small_score import write_piece

from compjax.codec.weights import load_weights
from compjax.errors import UserError
from compjax.models.composing.note_transformer import make_transformer
from compjax.training.agent.optimizer import OptimizerConfig, make_optimizer
from compjax.training.loop import train
from compjax.training.notes.examples import NotesDataConfig, NotesPipeline
from compjax.training.notes.step import NotesStepConfig, make_step, total_of
from compjax.training.notes.task import build_task, initial_state
from compjax.training.sharding import make_mesh

EXPERIMENT = pathlib.Path(__file__).parents[3] / "experiments" / "transformer.py"
SMALL = {"size": 32, "layers": 1, "patch": 6, "head_width": 16, "head_layers": 2}


def tiny():
    """The experiment, as small as it can be."""
    config = runpy.run_path(str(EXPERIMENT))["get_config"]()
    config.agent.update(SMALL)
    config.batch_size = 4  # one for each of the tests' devices
    config.num_steps = config.optimizer.decay_steps = 2
    config.validate_every = config.validation_batches = 1
    config.data.update({"pairs": 4, "moments": 4})
    config.data.first_pairs = 2
    return config


def test_it_learns_a_handful_of_arrangements(quick_jit):
    """A third of the notes are right after 120 steps on four arrangements, where at first none is."""
    pipeline = NotesPipeline(NotesDataConfig(pairs=4, first_pairs=4, moments=6), 4)
    batch = {name: values for name, values in pipeline.batch(0).items() if name != "sample_ids"}
    agent, optimizer = make_transformer(SMALL), make_optimizer(OptimizerConfig(5e-3, 10, 0))
    state = quick_jit(lambda: initial_state(agent, optimizer, 0, batch))()
    step, scores = quick_jit(make_step(agent, optimizer, NotesStepConfig()).__wrapped__), []
    for _ in range(120):
        state, scalars = step(state, batch)
        scores.append(float(scalars["notes/f1"]))
    assert scores[0] < 0.1
    assert scores[-1] > 1 / 3


def test_untold_the_selector_learns_from_the_notes_alone(quick_jit):
    pipeline = NotesPipeline(NotesDataConfig(pairs=2, first_pairs=2, moments=4), 2)
    batch = {name: values for name, values in pipeline.batch(0).items() if name != "sample_ids"}
    agent, optimizer = make_transformer(SMALL), make_optimizer(OptimizerConfig(5e-3, 10, 0))
    params = quick_jit(lambda: initial_state(agent, optimizer, 0, batch))().params

    def pull(told):
        config = NotesStepConfig(selector=0.0, told=told)
        grads = quick_jit(jax.grad(lambda p: total_of(agent, p, batch, None, config)[0]))(params)
        return max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(grads["selector"]))

    assert pull(told=True) == 0.0
    assert pull(told=False) > 1e-6


def test_through_the_loop(tmp_path):
    """With a real piece beside drawn pairs it leaves weights; what it writes is shown and heard."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (tmp_path / "scores").mkdir()
    write_piece(tmp_path / "scores" / "piece.mid")
    config = tiny()
    config.data.scores, config.data.scores_share = str(tmp_path / "scores"), 0.5
    outcome = train(config, str(tmp_path))
    assert (outcome.status, outcome.step) == (0, 2)
    about, variables = load_weights(tmp_path / "transformer.npz")
    assert about["agent"] == "transformer"
    shapes = [leaf.shape for leaf in jax.tree.leaves(variables)]
    assert (12, 16) in shapes and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(variables))
    events = EventAccumulator(str(tmp_path), {"images": 0, "audio": 0}).Reload()
    pictures = {tag: len(events.Images(tag)) for tag in events.Tags()["images"]}
    assert pictures == {"picture/roll_true": 2, "picture/roll_written": 2}
    sounds = {tag: len(events.Audio(tag)) for tag in events.Tags()["audio"]}
    assert sounds == {"audio/written": 2, "audio/right": 1}


def test_a_setting_that_there_is_not_is_named():
    config = tiny()
    with config.unlocked():
        config.data.colour = 1
    with pytest.raises(UserError, match="colour"):
        build_task(config, make_mesh())


def test_a_folder_of_scores_that_there_is_not_is_named():
    config = tiny()
    config.data.scores = "nowhere"
    with pytest.raises(UserError, match="config.data.scores=nowhere: .*no MIDI files"):
        build_task(config, make_mesh())
