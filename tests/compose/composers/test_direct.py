"""Agents that compose latents directly, through the whole session, in windows, from their files."""

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fakes import FakeCodec, chord, drums

from compjax.arranging.steering import HEARD
from compjax.audio.windows import WindowConfig
from compjax.codec.weights import save_weights
from compjax.compose.composers.direct import NO_NOTES, DirectComposer, fitted_windows
from compjax.compose.composers.loading import load_composer
from compjax.compose.session import Session
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.hearing.sound import LEAD_IN, Sound
from compjax.models.registry import build_agent
from compjax.music.style import Style

FRAMES = 64

KINDS = {
    "compositional": ("compositional", {"size": "tiny", "stages": 0}),
    "masking": ("masking", {"hidden": 8, "heads": 2}),
    "original": ("compositional", {"exact": True, "size": "tiny", "stages": 0}),
}


@functools.cache
def weights_of(kind: str):
    """Module and random variables of a kind."""
    module = build_agent(*KINDS[kind])
    clip = jnp.zeros((1, 8, 128))
    shapes = jax.eval_shape(module.init, jax.random.key(0), clip, clip)
    rng = np.random.default_rng(0)
    scale = {"var": 0.0, "scale": 0.0, "bias": 0.1}

    def draw(path, leaf):
        drawn = rng.normal(0, scale.get(path[-1].key, leaf.shape[-1] ** -0.5), leaf.shape)
        return (drawn + (path[-1].key in ("var", "scale"))).astype(np.float32)

    return module, jax.tree_util.tree_map_with_path(draw, shapes)


@functools.cache  # its programs are compiled once
def composer_of(kind: str) -> DirectComposer:
    return DirectComposer(*weights_of(kind), FRAMES)


def session_of(kind: str) -> Session:
    windows = WindowConfig(length=160, context=16, fade=8)
    return Session(FakeCodec(), {"gain": jnp.float32(1.0)}, composer_of(kind), {}, windows)


def clips(frames: int):
    rng = np.random.default_rng(1)
    pair = rng.normal(size=(2, frames, 128)).astype(np.float32)
    pair[:, :16] = -2.0
    return pair


def hear(composer: DirectComposer, *latents: np.ndarray):
    """What is heard in two clips' latents; such an agent does not look at the spectrum."""
    led_in = (np.pad(clip, ((LEAD_IN, 0), (0, 0)), constant_values=-2.0) for clip in latents)
    return composer.hear(*(Sound(clip, np.zeros((0, 300), np.float32)) for clip in led_in))


@pytest.mark.parametrize("kind", KINDS)
def test_two_clips_become_a_new_one(kind, tmp_path):
    made = session_of(kind).compose(drums(2.01), chord(1), sample_rate=SAMPLE_RATE)
    assert made.audio.shape == (round(2.01 * SAMPLE_RATE),) and np.isfinite(made.audio).all()
    title = "Masking (input/target)" if kind == "masking" else "Compositional (rhythm/harmony/timbre)"
    assert made.table().startswith(f"Creative agent: {title}\n")
    assert made.report["agent"] == title
    assert (NO_NOTES in made.words()) == (kind != "compositional")
    assert all(path.stat().st_size > 0 for path in made.save(tmp_path / "out.wav"))
    json.dumps(made.report, allow_nan=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frames", [40, 64, 65, 200])
def test_any_length(kind, frames):
    composer, pair = composer_of(kind), clips(frames)
    heard = hear(composer, *pair)
    assert composer.select(heard).shape == (frames, 6)
    plan = composer.arrange(heard, np.ones((frames, 6), np.float32), Style(), "latents", HEARD)
    assert plan.latents.shape == (frames, 128) and np.isfinite(plan.latents).all()


def applied(kind, pair, gates=None, style=None):
    module, variables = weights_of(kind)
    run = jax.jit(lambda v, a, b, g, s: module.apply(v, a, b, gates=g, style=s))
    return jax.tree.map(lambda x: np.asarray(x)[0], run(variables, *pair[:, None], gates, style).latents)


@pytest.mark.parametrize("kind", ["masking", "original"])
def test_gates_left_to_the_agent_are_its_own(kind):
    """A clip that fits a window becomes exactly what the network makes of it."""
    composer, pair = composer_of(kind), clips(FRAMES)
    heard = hear(composer, *pair)
    plan = composer.arrange(heard, composer.select(heard), Style(), "latents", HEARD)
    np.testing.assert_allclose(plan.latents, applied(kind, pair), atol=1e-5)


def test_original_selects_by_softmax():
    composer = composer_of("original")
    np.testing.assert_allclose(composer.select(hear(composer, *clips(FRAMES))).sum(axis=1), 1.0, atol=1e-5)


def test_a_closed_gate_lets_nothing_through():
    """With the target's gates shut, the compositional agent gives the same for any target."""
    composer, (first, second) = composer_of("compositional"), clips(FRAMES)
    gates = np.tile(np.float32([1, 1, 1, 0, 0, 0]), (FRAMES, 1))
    plans = [
        composer.arrange(hear(composer, first, other), gates, Style(), "latents", HEARD)
        for other in (second, -second)
    ]
    np.testing.assert_allclose(plans[0].latents, plans[1].latents, atol=1e-5)
    assert plans[0].notes == plans[1].notes
    opened = composer.arrange(hear(composer, first, second), np.ones_like(gates), Style(), "latents", HEARD)
    assert np.abs(opened.latents - plans[0].latents).max() > 0.01


def test_masking_agent_weighs_its_clips():
    composer, pair = composer_of("masking"), clips(FRAMES)
    heard = hear(composer, *pair)
    halves = [np.tile(np.float32(row), (FRAMES, 1)) for row in ([1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1])]
    parts = [composer.arrange(heard, gates, Style(), "latents", HEARD).latents for gates in halves]
    np.testing.assert_allclose(parts[0] + parts[1], applied("masking", pair), atol=1e-5)


def test_style_makes_variations_and_notes_are_the_rolls():
    made = [
        session_of("compositional").compose(drums(2), chord(2), sample_rate=SAMPLE_RATE, seed=seed)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(made[0].audio, made[1].audio)
    assert not np.array_equal(made[0].audio, made[2].audio)
    assert made[0].notes and all(note.end > 0 for note in made[0].notes)
    assert made[0].report["notes"] == len(made[0].notes)


def test_windows_fit_short_clips():
    assert fitted_windows(40, 300).length == 64
    assert fitted_windows(290, 300) == WindowConfig(300, 0, 0)
    assert fitted_windows(301, 300) == WindowConfig(300, 50, 16)


def test_from_a_file(tmp_path, kind="original"):
    name, settings = KINDS[kind]
    config = {"agent": name, "settings": settings, "codec": "encodec", "frames": FRAMES}
    save_weights(tmp_path / "agent.npz", config, weights_of(kind)[1])
    composer = load_composer(tmp_path / "agent.npz", "encodec")
    heard = hear(composer, *clips(FRAMES))
    expected = hear(composer_of(kind), *clips(FRAMES))
    np.testing.assert_allclose(heard.gates, expected.gates, atol=2e-2)  # weights are stored as float16


@pytest.mark.parametrize(("said", "raw"), [({}, False), ({"raw_latents": True}, True)])
def test_converted_agents_get_raw_latents(tmp_path, said, raw):
    name, settings = KINDS["masking"]
    config = {"agent": name, "settings": settings, "codec": "encodec"} | said
    save_weights(tmp_path / "agent.npz", config, weights_of("masking")[1])
    assert load_composer(tmp_path / "agent.npz", "encodec").raw_latents == raw


def test_weights_that_do_not_fit_are_one_line(tmp_path):
    name, settings = KINDS["masking"]
    _, variables = weights_of("original")
    save_weights(tmp_path / "agent.npz", {"agent": name, "settings": settings}, variables)
    composer = load_composer(tmp_path / "agent.npz")
    with pytest.raises(UserError, match="do not fit this version") as caught:
        hear(composer, *clips(FRAMES))
    assert "\n" not in str(caught.value)


def test_it_composes_latents_and_nothing_else():
    composer = composer_of("compositional")
    heard = hear(composer, *clips(80))
    with pytest.raises(UserError, match="--arranger=rules is for those that write notes"):
        composer.arrange(heard, heard.gates, Style(), "rules", HEARD)
