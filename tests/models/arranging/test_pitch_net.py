"""The pitch network: its geometry, and that frames heard in turns are heard as they are."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.constants import SILENT_LATENT
from compjax.models.arranging.config import ArrangingConfig
from compjax.models.arranging.pitch_net import (
    INTERVALS,
    PitchNet,
    at_intervals,
    by_class,
    harmonic_stack,
    in_turns,
)

SMALL = ArrangingConfig(harmony_width=8, harmony_dilations=(1, 1), harmonics=(1.0, 2.0))


@pytest.fixture(scope="module")
def net():
    module = PitchNet(SMALL)
    return module, jax.jit(lambda: module.init(jax.random.key(0), jnp.zeros((1, 4, 300))))()


def test_shapes(net):
    heard = net[0].apply(net[1], jnp.zeros((2, 5, 300)))
    assert (heard.pitches.shape, heard.classes.shape, heard.bass.shape) == (
        (2, 5, 64),
        (2, 5, 12),
        (2, 5, 13),
    )


def test_the_stack_holds_the_bins_around_each_harmonic():
    bins = jnp.arange(300.0)[None, None]
    stack = harmonic_stack(bins, (1.0, 2.0, 0.5))
    np.testing.assert_array_equal(stack[0, 0, 10], [30, 31, 32, 66, 67, 68, 0, 0, 0])  # an octave is 36 bins
    np.testing.assert_array_equal(stack[0, 0, 12, 6:], [0, 1, 2])


def test_intervals_are_those_of_the_table():
    pitch = jnp.arange(64.0)[None, None, :, None]
    around = at_intervals(pitch)[0, 0, 30]
    np.testing.assert_array_equal(around, 30.0 + np.array(INTERVALS))


def test_octaves_of_a_class_are_gathered():
    sounding = jnp.zeros((1, 1, 64, 1)).at[0, 0, [7, 19]].set(1.0)  # two G
    gathered = by_class(sounding)[0, 0]
    assert int(gathered[:, 0].argmax()) == 7 and float(gathered[7, 0]) == 1.0
    np.testing.assert_allclose(gathered[7, 1], 2 / 6, rtol=1e-6)


def test_what_sounds_a_semitone_higher_is_heard_a_semitone_higher():
    """But for where the pitch lies in the range, which the network is told, and near the range's ends."""
    module = PitchNet(dataclasses.replace(SMALL, harmony_dilations=(1,)))
    sound = jax.random.uniform(jax.random.key(1), (1, 3, 45), maxval=3.0)
    low, high = (SILENT_LATENT + jnp.pad(sound, ((0, 0), (0, 0), (at, 255 - at))) for at in (90, 93))
    params = module.init(jax.random.key(0), low)["params"]
    untold = params["Dense_0"]["kernel"].at[-1].set(0.0)
    params = {**params, "Dense_0": {**params["Dense_0"], "kernel": untold}}
    one, other = (module.apply({"params": params}, x).pitches for x in (low, high))
    np.testing.assert_allclose(one[..., 25:39], other[..., 26:40], atol=1e-4)
    assert float(jnp.abs(one - other).max()) > 1e-2


def test_frames_in_turns_are_heard_as_every_second_one(net):
    module, variables = net
    spectrum = jax.random.normal(jax.random.key(3), (2, 7, 300))
    hear = lambda x: module.apply(variables, x)  # noqa: E731
    whole = in_turns(hear, spectrum)
    assert whole.classes.shape == (2, 7, 12)
    even = hear(spectrum[:, ::2])
    np.testing.assert_allclose(whole.classes[:, ::2], even.classes, atol=1e-5)
