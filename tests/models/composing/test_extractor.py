"""The three branches of a clip."""

import jax
import numpy as np
import pytest

from compjax.models.composing.config import ExtractorConfig
from compjax.models.composing.extractor import MultiScaleExtractor

OURS = ExtractorConfig(hidden=8, channels=4)
ORIGINAL = ExtractorConfig(hidden=8, channels=4, norm="batch", skip=True)


def test_each_branch_sees_its_stretch_of_time(quick_jit, rng, fill):
    """Kernels (3, 5), (7, 9), (15, 21) reach 1 + 2, 3 + 4 and 7 + 10 frames to either side."""
    latents = rng.standard_normal((1, 41, 6)).astype(np.float32)
    changed = latents.copy()
    changed[:, 20] += 1
    module = MultiScaleExtractor(OURS)
    apply = quick_jit(module.apply)
    variables = fill(module, latents)
    once, again = apply(variables, latents), apply(variables, changed)
    assert once.shape == (1, 41, 3, 4)
    moved = np.any(np.asarray(once != again), axis=(0, 3))
    for factor, reach in enumerate((3, 7, 17)):
        assert list(np.flatnonzero(moved[:, factor])) == list(range(20 - reach, 20 + reach + 1))


def test_batch_statistics_move_in_training_only(quick_jit, rng, fill):
    latents = 3 + rng.standard_normal((2, 9, 6)).astype(np.float32)
    module = MultiScaleExtractor(ORIGINAL)
    variables = fill(module, latents)
    before = variables["batch_stats"]["rhythm_norm"]["mean"]
    trained, changed = quick_jit(lambda v: module.apply(v, latents, True, mutable=["batch_stats"]))(variables)
    np.testing.assert_allclose(np.mean(trained, axis=(0, 1)), norm_biases(variables), atol=1e-5)
    after = changed["batch_stats"]["rhythm_norm"]["mean"]
    used, kept = quick_jit(lambda v: module.apply(v, latents, mutable=["batch_stats"]))(variables)
    np.testing.assert_array_equal(kept["batch_stats"]["rhythm_norm"]["mean"], before)
    assert not np.allclose(after, before) and not np.allclose(used, trained)


def norm_biases(variables):
    return np.stack([variables["params"][f"{name}_norm"]["bias"] for name in ("rhythm", "harmony", "timbre")])


def test_only_the_original_has_skips_and_statistics():
    latents = np.zeros((1, 4, 6), np.float32)
    shapes = [
        jax.eval_shape(MultiScaleExtractor(c).init, jax.random.key(0), latents) for c in (OURS, ORIGINAL)
    ]
    assert set(shapes[1]["params"]) - set(shapes[0]["params"]) == {
        "rhythm_skip",
        "harmony_skip",
        "timbre_skip",
    }
    assert [set(shape) for shape in shapes] == [{"params"}, {"params", "batch_stats"}]


def test_settings_are_checked():
    with pytest.raises(ValueError, match="norm is 'group'"):
        ExtractorConfig(norm="group")
    with pytest.raises(ValueError, match="2 entries; one for each of rhythm, harmony, timbre"):
        ExtractorConfig(kernels=((3, 5), (7, 9)))
