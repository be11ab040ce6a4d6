"""Shared layers: attention, positions, encoder, spectral norm."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.models.composing.config import EncoderConfig
from compjax.models.composing.layers import (
    Dropout,
    MultiHeadAttention,
    SpectralDense,
    TransformerEncoder,
    attend,
    rotate,
    sinusoidal_positions,
)

ENCODER = EncoderConfig(size=8, layers=2, heads=2, feed_forward=16)


def test_sinusoidal_positions():
    table = sinusoidal_positions(3, 4)
    np.testing.assert_allclose(table[0], [0, 1, 0, 1])
    expected = [math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)]  # rates 1 and 10000 ** (-2 / 4)
    np.testing.assert_allclose(table[2], expected, atol=1e-7)


def test_rotation_keeps_lengths_and_the_first_frame(rng):
    x = rng.standard_normal((1, 5, 2, 4)).astype(np.float32)
    turned = rotate(x)
    np.testing.assert_allclose(turned[:, 0], x[:, 0])
    np.testing.assert_allclose(jnp.linalg.norm(turned, axis=-1), np.linalg.norm(x, axis=-1), rtol=1e-5)
    # Channel pair (0, 2) turns by one radian a frame.
    unit = rotate(np.tile(np.float32([1, 0, 0, 0]), (1, 3, 1, 1)))
    np.testing.assert_allclose(unit[0, 2, 0], [math.cos(2), 0, math.sin(2), 0], atol=1e-6)


def test_rotated_scores_depend_on_the_distance_only(rng):
    q, k = (np.tile(rng.standard_normal((1, 1, 1, 4)).astype(np.float32), (1, 6, 1, 1)) for _ in range(2))
    scores = np.asarray(jnp.einsum("btnh,bsnh->ts", rotate(q), rotate(k)))
    for offset in range(-5, 6):
        diagonal = np.diagonal(scores, offset)
        np.testing.assert_allclose(diagonal, diagonal[0], rtol=1e-4)


def test_attention_averages_without_a_preference_and_picks_with_one():
    value = jnp.arange(4.0).reshape(1, 4, 1, 1)
    key = jnp.asarray([0.0, 0, 0, 100]).reshape(1, 4, 1, 1)
    query = jnp.asarray([0.0, 1.0]).reshape(1, 2, 1, 1)
    np.testing.assert_allclose(attend(query, key, value).ravel(), [1.5, 3.0], atol=1e-6)


def test_attention_equals_the_library(quick_jit, rng):
    q, k, v = rng.standard_normal((3, 2, 7, 3, 4)).astype(np.float32)
    k, v = k[:, :5], v[:, :5]  # fewer keys than queries
    np.testing.assert_allclose(attend(q, k, v), jax.nn.dot_product_attention(q, k, v), atol=1e-5)

    def slope(function):
        return quick_jit(jax.grad(lambda *qkv: jnp.sum(function(*qkv) ** 2), (0, 1, 2)))(q, k, v)

    for mine, theirs in zip(slope(attend), slope(jax.nn.dot_product_attention), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_cross_attention_reads_the_context_as_a_set(quick_jit, rng, fill):
    query, context = rng.standard_normal((2, 2, 4, 8)).astype(np.float32)
    module = MultiHeadAttention(8, 2)
    variables = fill(module, query)
    apply = quick_jit(module.apply)
    once = apply(variables, query, context)
    np.testing.assert_allclose(apply(variables, query, context[:, ::-1]), once, atol=1e-5)
    assert not np.allclose(apply(variables, query, query), once, atol=1e-2)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("positions", ["rotary", "sinusoidal"])
def test_encoder_runs_in_time(quick_jit, rng, fill, norm_first, positions):
    encoder = TransformerEncoder(replace(ENCODER, norm_first=norm_first, positions=positions))

    def run(module, x):
        return module(module.add_positions(x))

    x = rng.standard_normal((1, 6, 8)).astype(np.float32)
    variables = fill(encoder, x, method=run)
    apply = quick_jit(lambda x: encoder.apply(variables, x, method=run))
    y = np.asarray(apply(x))
    norm = variables["params"]["final_norm" if norm_first else "layers_1"]
    norm = norm if norm_first else norm["norm2"]
    standard = (y - norm["bias"][None, None]) / norm["scale"][None, None]  # the last thing is a norm
    np.testing.assert_allclose(standard.mean(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(standard.std(axis=-1), 1, atol=1e-3)
    assert not np.allclose(apply(x[:, ::-1])[:, ::-1], y, atol=1e-3)


def test_dropout_needs_training_and_a_key(quick_jit, rng, fill):
    x = rng.standard_normal((1, 6, 8)).astype(np.float32)
    encoder = TransformerEncoder(replace(ENCODER, layers=1, dropout=0.5))
    variables = fill(encoder, x)
    apply = quick_jit(encoder.apply, static_argnums=2)
    still = apply(variables, x, False)
    one, two = (apply(variables, x, True, rngs={"dropout": jax.random.key(i)}) for i in (1, 2))
    assert not np.allclose(one, two) and not np.allclose(one, still)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_dropout_is_as_if_by_chance(quick_jit, rate):
    """Each element by itself, whatever its neighbours, another step or another layer have."""
    ones = jnp.ones((64, 100, 32))
    keys = jax.random.split(jax.random.key(3), 2)
    drop = quick_jit(lambda key: Dropout(rate).apply({}, ones, False, rngs={"dropout": key}))
    first, second = (np.asarray(drop(key)) for key in keys)
    np.testing.assert_array_equal(first, drop(keys[0]))
    assert set(np.unique(first)) == {0.0, np.float32(1.0 / (1.0 - rate))}
    noise = 4.0 / math.sqrt(first.size)  # four standard deviations
    assert abs((first == 0).mean() - rate) < noise
    lost = ((first == 0) - rate) / math.sqrt(rate * (1.0 - rate))
    for axis in range(3):
        for shift in (1, 2, 8):
            assert abs((lost * np.roll(lost, shift, axis)).mean()) < noise
    other = ((second == 0) - rate) / math.sqrt(rate * (1.0 - rate))
    assert abs((lost * other).mean()) < noise
    for axis in range(3):  # no channel, frame or example is favoured
        rest = tuple(place for place in range(3) if place != axis)
        means = lost.mean(axis=rest) * math.sqrt(first.size / first.shape[axis])
        assert 0.6 < means.std() < 1.5


def test_dropout_gives_the_gradient_of_what_is_left(quick_jit):
    x, key = jnp.arange(1.0, 9.0), jax.random.key(0)

    def drop(x):
        return Dropout(0.5).apply({}, x, False, rngs={"dropout": key})

    slope = quick_jit(jax.grad(lambda x: drop(x).sum()))(x)
    np.testing.assert_allclose(slope * x, quick_jit(drop)(x))
    np.testing.assert_array_equal(Dropout(0.5).apply({}, x, True), x)


def test_half_precision_compute_keeps_single_parameters(quick_jit, rng, fill):
    x = rng.standard_normal((1, 6, 8)).astype(np.float32)
    encoder, half = (
        TransformerEncoder(replace(ENCODER, layers=1), dtype) for dtype in (jnp.float32, jnp.bfloat16)
    )
    shapes = jax.eval_shape(half.init, jax.random.key(0), x)
    assert {leaf.dtype for leaf in jax.tree.leaves(shapes)} == {jnp.dtype(jnp.float32)}
    variables = fill(half, x)
    difference = np.abs(quick_jit(half.apply)(variables, x) - quick_jit(encoder.apply)(variables, x)).max()
    assert 0 < difference < 0.1


def spectral(kernel, u, v):
    return {
        "params": {"kernel": jnp.asarray(kernel), "bias": jnp.asarray([0.5, 0.0])},
        "batch_stats": {"u": jnp.asarray(u), "v": jnp.asarray(v)},
    }


def test_spectral_dense_divides_by_the_largest_singular_value():
    variables = spectral([[3.0, 0], [0, 2]], [1.0, 0], [1.0, 0])
    np.testing.assert_allclose(SpectralDense(2).apply(variables, jnp.asarray([[6.0, 6]])), [[6.5, 4]])


def test_spectral_dense_finds_it_in_training_only(quick_jit):
    # From u = (1, 1) one iteration gives v along (3, 2), then u along (9, 4): sigma = sqrt(97 / 13).
    variables = spectral([[3.0, 0], [0, 2]], [math.sqrt(0.5)] * 2, [0.0, 1.0])
    module, x = SpectralDense(2), jnp.asarray([[1.0, 0]])
    y, changed = module.apply(variables, x, True, mutable=["batch_stats"])
    assert y[0, 0] == pytest.approx(3 / math.sqrt(97 / 13) + 0.5)
    follow = quick_jit(lambda stats: module.apply(variables | stats, x, True, mutable=["batch_stats"])[1])
    for _ in range(30):
        changed = follow(changed)
    np.testing.assert_allclose(abs(changed["batch_stats"]["u"]), [1, 0], atol=1e-4)
