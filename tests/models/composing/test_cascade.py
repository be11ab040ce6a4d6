"""The cascade: levels, residuals, what it may see."""

import jax
import numpy as np
import pytest

from compjax.models.composing.cascade import Cascade, rms, to_level
from compjax.models.composing.config import CascadeConfig, seed_exact_cascade

TINY = CascadeConfig(stages=2, layers=1, heads=2, latent_size=8)
ORIGINAL = CascadeConfig(
    stages=2,
    layers=1,
    heads=2,
    latent_size=8,
    context="target",
    residual="average",
    norm_first=False,
    positions="sinusoidal",
)


def silence(variables):
    """The same cascade with projections of zero: what is left are the residuals."""
    for stage in variables["params"].values():
        if "post_norm" in stage:
            stage["post_norm"] = jax.tree.map(np.zeros_like, stage["post_norm"])
            stage["output_proj"]["bias"] = np.zeros_like(stage["output_proj"]["bias"])
    return variables


def test_rms():
    x = np.float32([[[3, 4], [0, 0]], [[0, 0], [0, 0]]])
    np.testing.assert_allclose(rms(x).ravel(), [2.5, 1e-8])


@pytest.mark.parametrize(("level", "result"), [(5.0, 5.0), (4.0, 5.0), (2.0, 3.0), (10.0, 7.0)])
def test_match_level(level, result):
    """Sources of 1 and 7 give a level of 5; the gain stays within 0.7 to 1.5."""
    x, one, seven = (np.full((1, 4, 2), value, np.float32) for value in (level, 1, 7))
    np.testing.assert_allclose(to_level(x, one, seven), np.full((1, 4, 2), result), rtol=1e-5)


def test_residual_of_the_original_is_half_target(quick_jit, pair, fill):
    composition, target = pair
    module = Cascade(ORIGINAL)
    variables = silence(fill(module, *pair))
    first = (composition + target) / 2
    expected = (composition + first + target) / 3
    np.testing.assert_allclose(quick_jit(module.apply)(variables, *pair), expected, atol=1e-5)


def test_our_residual_is_the_composition(quick_jit, pair, fill, rng):
    gated = rng.standard_normal((2, 12, 6, 4)).astype(np.float32)
    module = Cascade(TINY)
    variables = silence(fill(module, *pair, gated))
    np.testing.assert_allclose(quick_jit(module.apply)(variables, *pair, gated), pair[0], atol=1e-6)


def test_only_the_original_sees_the_target(quick_jit, pair, fill, rng):
    gated = rng.standard_normal((2, 12, 6, 4)).astype(np.float32)
    composition, target = pair
    for config, differs in ((TINY, False), (ORIGINAL, True)):
        module = Cascade(config)
        variables = fill(module, composition, target, gated)
        apply = quick_jit(module.apply)
        once, again = (apply(variables, composition, t, gated) for t in (target, target + 1))
        assert np.allclose(once, again) != differs


def test_gated_components_are_needed(pair, fill):
    with pytest.raises(ValueError, match="context is the gated components; none were given"):
        fill(Cascade(TINY), *pair)


def test_widths_grow_with_the_stages():
    config = seed_exact_cascade(stages=3)
    assert [config.encoder(k).size for k in range(3)] == [256, 384, 512]
    assert config.encoder(1).feed_forward == 4 * 384


@pytest.mark.parametrize("change", [{"stages": 0}, {"context": "input"}, {"residual": "sum"}])
def test_settings_are_checked(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        CascadeConfig(**change)
