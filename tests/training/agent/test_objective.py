"""Which losses a run has, what they are taken of, and how far each pulls at the network."""

import functools
import types

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from compjax.codec.vocos import generator, vocos
from compjax.constants import SILENT_LATENT
from compjax.errors import UserError
from compjax.models.outputs import AgentOutput, PianoRoll
from compjax.music.factors import GATE_NAMES
from compjax.training.agent.gradients import make_gradient_norms
from compjax.training.agent.objective import COSTLY, NAMES, averaged, make_objective

BATCH, FRAMES = 3, 16


def make_batch(seed=0):
    """Every label of a batch, random; all is known of all."""
    rng = np.random.default_rng(seed)

    def normal(*shape):  # above silence, so that levels can be matched
        return np.maximum(rng.normal(size=shape), SILENT_LATENT + 0.1).astype(np.float32)

    struck = (rng.random((BATCH, FRAMES, 64)) < 0.1).astype(np.float32)
    gates = np.tile(np.array([1, 0, 0, 0, 1, 1], np.float32), (BATCH, 1))
    return {
        "input_latents": normal(BATCH, FRAMES, 128),
        "target_latents": normal(BATCH, FRAMES, 128),
        "arrangement": normal(BATCH, FRAMES, 128),
        "gates": gates,
        "ideal_gates": gates,
        "roll_onsets": struck,
        "roll_held": struck,
        "salience": (rng.random((BATCH, 2, FRAMES, 64)) < 0.1).astype(np.float32),
        "hits": (rng.random((BATCH, 2, FRAMES, 3)) < 0.1).astype(np.float32),
    } | {f"has_{what}": np.ones(BATCH, np.float32) for what in ("arrangement", "notes", "gates")}


def make_output(latents, seed=1):
    """An agent's output of these latents with everything that can be judged."""
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    roll = PianoRoll(*(normal(BATCH, FRAMES, 64) for _ in range(3)))
    extras = {
        "harmony_logits": normal(2 * BATCH, FRAMES, 64),
        "hits": normal(2 * BATCH, FRAMES, 6),
        "gate_logits": normal(BATCH, 6),
    }
    gates = jnp.full((BATCH, FRAMES, 6), 0.5)
    return AgentOutput(
        jnp.asarray(latents), gates, jnp.zeros((BATCH, FRAMES, 6, 64)), roll, jnp.ones(()), extras
    )


OF_SOME_AGENTS = ("mask_balance", "chords", "bass")
CHEAP = {name: 1.0 for name in NAMES if name not in COSTLY + OF_SOME_AGENTS}


@functools.cache
def compiled(**weights):
    objective = make_objective(weights)
    return jax.jit(lambda batch: objective(make_output(batch["input_latents"]), batch, 0, frozen={}))


def judged(weights, batch):
    total, scalars = compiled(**weights)(batch)
    return float(total), {name: float(value) for name, value in scalars.items()}


def test_every_cheap_loss_is_reported_and_added():
    total, scalars = judged(CHEAP, make_batch())
    losses = {name: value for name, value in scalars.items() if name.startswith("loss/")}
    assert set(losses) == {f"loss/{name}" for name in CHEAP} | {"loss/total"}
    assert total == pytest.approx(sum(losses.values()) - losses["loss/total"], rel=1e-5)
    assert scalars["loss/factor_rhythm"] == 0  # all arrangements are known
    assert {f"gates/{name}" for name in GATE_NAMES} <= set(scalars)
    assert scalars["novelty_hinge"] >= 0.3 - 1e-4  # the original's hinge, of a copy of the input
    assert scalars["novelty_score"] == pytest.approx(0.0, abs=1e-4)  # a copy of the input
    assert 0.5 < scalars["novelty_score/arrangement"] <= 1.0


def test_a_mistyped_loss_is_refused_with_the_choices():
    with pytest.raises(UserError, match="there is no loss 'spectrall'.*spectral"):
        make_objective({"spectrall": 1.0})
    with pytest.raises(UserError, match="config.objective.*'speed'"):
        make_objective({}, {"speed": 1})


def test_what_has_no_weight_is_not_taken():
    total, scalars = judged({"latent": 2.0, "novelty": 0.0}, make_batch())
    assert {name for name in scalars if name.startswith("loss/")} == {
        "loss/latent",
        "loss/novelty",
        "loss/total",
    }
    assert total == pytest.approx(2.0 * scalars["loss/latent"])


def test_only_what_is_known_counts():
    """Examples without labels give neither value nor gradient, whatever stands in their place."""
    batch = make_batch()
    for what in ("arrangement", "notes", "gates"):
        batch[f"has_{what}"] = np.array([1, 0, 1], np.float32)
    spoiled = {name: np.array(value) for name, value in batch.items()}
    for name in ("arrangement", "ideal_gates", "roll_onsets", "roll_held", "salience", "hits"):
        spoiled[name][1] = 0.9
    first, second = (judged(CHEAP, one)[1] for one in (batch, spoiled))
    assert first == pytest.approx(second, rel=1e-6)
    assert first["loss/factor_rhythm"] > 0


def test_factors_are_for_those_without_an_arrangement():
    batch = make_batch()
    batch["has_arrangement"] = np.array([0, 1, 1], np.float32)
    output = make_output(batch["input_latents"])
    objective = make_objective({"factor_rhythm": 1.0, "factor_harmony": 1.0})
    loss = jax.jit(jax.grad(lambda x, o, b: objective(o.replace(latents=x), b, 0, frozen={})[0]))
    grads = loss(output.latents, output, batch)
    assert np.abs(grads[0]).max() > 0 and not grads[1:].any()


def test_averaged_is_the_mean_over_the_known():
    values = jnp.array([[1.0], [2.0], [6.0]])
    assert float(averaged(jnp.mean, None, values)) == 3.0
    assert float(averaged(jnp.mean, jnp.array([1.0, 0.0, 1.0]), values)) == 3.5
    assert float(averaged(jnp.mean, jnp.zeros(3), values)) == 0.0


def test_softmax_gates_are_reported_as_such():
    objective = make_objective({}, {"gate": "softmax"})
    batch = make_batch()
    scalars = jax.jit(lambda b: objective(make_output(b["input_latents"]), b, 0, frozen={})[1])(batch)
    assert sum(float(scalars[f"gates/{name}"]) for name in GATE_NAMES) == pytest.approx(1.0, abs=1e-5)


@functools.cache
def tiny_codec(*_):
    """A codec like the bundled one that compiles in a moment."""
    codec = vocos.Vocos(vocos.VocosConfig(dim=8, layers=1, ffn=8))
    latents = jnp.zeros((1, 8, 128))
    return codec, jax.jit(generator.Generator(codec.config).init)(jax.random.key(0), latents)["params"]


@pytest.fixture(params=["tiny", pytest.param("vocos", marks=pytest.mark.slow)])
def codec(request, monkeypatch):
    """The codec that is loaded: a tiny one, and where there is time the bundled one."""
    if request.param == "tiny":
        monkeypatch.setattr("compjax.codec.load", tiny_codec)


def test_sound_is_decoded_and_has_a_gradient(codec):
    weights = {"spectral": 0.01, "mel": 0.01, "spectral_sources": 0.01, "anti_modulation": 0.1}
    objective = make_objective(weights, {"decoded_seconds": 0.25})
    batch = make_batch()
    output = make_output(batch["input_latents"])

    @jax.jit
    def run(latents, output, batch, frozen, key):  # all as arguments: XLA would decode constants itself
        def total(x):
            return objective(output.replace(latents=x), batch, 0, key=key, frozen=frozen)

        return jax.value_and_grad(total, has_aux=True)(latents)

    rest = output, batch, objective.frozen, jax.random.key(0)
    (total, scalars), grads = run(output.latents, *rest)
    assert all(float(scalars[f"loss/{name}"]) > 0 for name in weights)
    assert np.isfinite(float(total)) and np.isfinite(grads).all() and np.abs(grads).max() > 0
    (_, same), _ = run(jnp.asarray(batch["arrangement"]), *rest)
    assert float(same["loss/spectral"]) < 0.05 * float(scalars["loss/spectral"])  # the truth itself
    assert float(same["loss/spectral_sources"]) > 0.2  # which is neither of the clips
    with pytest.raises(ValueError, match="pass frozen=objective.frozen"):
        objective(output, batch, 0)


def test_sound_without_an_arrangement_is_not_judged(codec):
    objective = make_objective({"spectral": 1.0}, {"decoded_seconds": 0.25})
    batch = make_batch() | {"has_arrangement": np.zeros(BATCH, np.float32)}
    output = make_output(batch["input_latents"])
    total, _ = jax.jit(lambda o, b, f: objective(o, b, 0, frozen=f))(output, batch, objective.frozen)
    assert float(total) == 0


def test_a_rest_does_not_outweigh_everything(codec):
    """The stretch that is heard is silent in one arrangement, then in all."""
    objective = make_objective({"spectral": 1.0}, {"decoded_seconds": 0.25})
    batch = make_batch()
    output = make_output(batch["input_latents"])
    run = jax.jit(lambda o, b, f: objective(o, b, 0, frozen=f)[0])
    usual = float(run(output, batch, objective.frozen))
    batch["arrangement"][0] = SILENT_LATENT
    assert float(run(output, batch, objective.frozen)) < 3.0 * usual
    batch["arrangement"][:] = SILENT_LATENT
    assert float(run(output, batch, objective.frozen)) == 0


def test_latents_of_another_codec_are_no_log_bands():
    with pytest.raises(UserError, match="factor_rhythm reads log bands"):
        make_objective({"factor_rhythm": 1.0}, {"codec": "encodec"})
    objective, batch = make_objective({"latent": 1.0}, {"codec": "encodec"}), make_batch()
    output = make_output(batch["arrangement"] + 0.5)
    assert float(jax.jit(lambda: objective(output, batch, 0, frozen={})[0])()) == pytest.approx(0.5, rel=1e-5)


def test_the_masks_balance_is_a_loss_of_the_agents_that_have_masks():
    objective, batch = make_objective({"mask_balance": 2.0}), make_batch()
    output = make_output(batch["input_latents"])
    output.extras["mask_balance"] = jnp.float32(0.25)
    assert float(jax.jit(lambda: objective(output, batch, 0, frozen={})[0])()) == 0.5


def test_no_codec_is_loaded_for_nothing(monkeypatch):
    monkeypatch.setattr("compjax.codec.load", lambda *_: pytest.fail("the codec is not needed"))
    assert make_objective(CHEAP | {"spectral": 0.0, "adversarial": 0.01}).frozen == {}


@pytest.mark.parametrize(
    "weights",
    [
        {"adversarial": 0.01},
        pytest.param({"adversarial_audio": 0.1, "adversarial_features": 0.1}, marks=pytest.mark.slow),
    ],
    ids=["latents", "audio"],
)
def test_critics_learn_to_tell_and_are_then_harder_to_fool(weights, codec):
    settings = {
        "decoded_seconds": 0.22,
        "critics": {"learning_rate": 1e-3, "audio_width": 4, "audio_growth": (1, 2)},
    }
    objective = make_objective(weights, settings)
    batch = make_batch()
    batch["target_latents"] = batch["target_latents"] * 0.5 - 1.0
    output = make_output(batch["input_latents"])
    critics = jax.jit(objective.init_critics)(jax.random.key(0), output.latents)
    update = jax.jit(objective.update_critics)
    judge = jax.jit(lambda o, b, c, f: objective(o, b, 0, frozen=f, critics=c)[1])
    name = f"loss/{next(iter(weights))}"
    before = float(judge(output, batch, critics, objective.frozen)[name])
    for step in range(24):
        critics, scalars = update(
            critics, output.latents, batch, step, jax.random.key(step), objective.frozen
        )
        if step == 0:
            first = {key: float(value) for key, value in scalars.items()}
    [critic] = [key for key in scalars if key != "critic/gradient_norm"]
    assert float(scalars[critic]) < 0.9 * first[critic]
    after = judge(output, batch, critics, objective.frozen)
    assert float(after[name]) > before
    if "adversarial_features" in weights:
        assert float(after["loss/adversarial_features"]) > 0


def test_without_adversaries_there_are_none():
    objective = make_objective({"latent": 1.0, "adversarial": 0.0})
    assert objective.init_critics(jax.random.key(0), jnp.zeros((1, 8, 128))) is None
    assert objective.update_critics(None, jnp.zeros((1, 8, 128)), make_batch(), 0, None, {}) == (None, {})


class Tiny(nn.Module):
    """Shifts its input band by band."""

    @nn.compact
    def __call__(self, latents):
        return latents + self.param("shift", nn.initializers.normal(0.5), (1, 1, 128))


def test_gradient_norms_term_by_term():
    """Each is the norm of its own weighted gradient, and the sum of the gradients is the total's."""
    weights = {"latent": 2.0, "novelty": 0.5, "factor_timbre": 1.0, "roll_onsets": 1.0, "regulariser": 0.0}
    objective, batch, network = make_objective(weights), make_batch(), Tiny()
    batch["has_arrangement"] = np.array([0, 1, 1], np.float32)
    template = make_output(batch["input_latents"])

    def run(params, model_state, batch, key):
        del model_state, key
        made = network.apply({"params": params}, batch["input_latents"])
        return template.replace(latents=made), {}

    params = network.init(jax.random.key(0), batch["input_latents"])["params"]
    state = types.SimpleNamespace(params=params, model_state={}, step=jnp.zeros((), jnp.int32), critics=None)
    jax.tree_util.register_pytree_node(
        types.SimpleNamespace,
        lambda s: ((s.params, s.step), None),
        lambda _, leaves: types.SimpleNamespace(
            params=leaves[0], step=leaves[1], model_state={}, critics=None
        ),
    )
    found = make_gradient_norms(run, objective)(state, batch, {}, jax.random.key(0))
    assert set(found) == {
        "gradient/latent",
        "gradient/novelty",
        "gradient/factor_timbre",
        "gradient/roll_onsets",
    }

    def weighted(params):
        output, _ = run(params, {}, batch, None)
        return {name: weights[name] * loss for name, loss in objective.losses(output, batch).items()}

    each = jax.jit(jax.jacrev(weighted))(params)
    for name in ("latent", "novelty", "factor_timbre"):
        assert float(found[f"gradient/{name}"]) == pytest.approx(float(optax.tree.norm(each[name])), rel=1e-4)
        assert float(found[f"gradient/{name}"]) > 1e-5
    assert float(found["gradient/roll_onsets"]) == 0  # the roll does not depend on these parameters
