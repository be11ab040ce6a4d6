import jax
import jax.numpy as jnp
import pytest

from compjax.models.critics.waveform import WaveformDiscriminator, WaveformDiscriminatorConfig

NARROW = WaveformDiscriminatorConfig(
    periods=(2, 3), resolutions=(512,), width=2, period_growth=(1, 2), resolution_strides=(4, 1)
)


@pytest.fixture(scope="module")
def judged():
    """Scores and features of two clips, and a function that scores others."""
    model = WaveformDiscriminator(NARROW)
    audio = jax.random.normal(jax.random.key(0), (2, 2048))
    params = model.init(jax.random.key(1), audio)
    return model.apply(params, audio), lambda other: model.apply(params, other)[0], audio


def test_one_entry_per_judge(judged):
    scores, features = judged[0]
    assert len(scores) == len(features) == 3
    assert [len(f) for f in features] == [2, 2, 2]
    assert all(score.shape[0] == 2 and score.shape[-1] == 1 for score in scores)


def test_period_folds_time(judged):
    scores, _ = judged[0]
    assert scores[0].shape == (2, 342, 2, 1)  # 2048 / 2 = 1024 rows, stride 3
    assert scores[1].shape == (2, 228, 3, 1)  # ceil(2048 / 3) = 683 rows, stride 3


def test_resolution_sees_frames_and_bins(judged):
    assert judged[0][0][2].shape == (2, 17, 65, 1)  # 2048 / 128 + 1 frames; ceil(257 / 4) bins


def test_clips_are_judged_one_by_one(judged):
    (scores, _), score, audio = judged
    other = score(jnp.stack([audio[0], audio[0] * 0.0]))
    for first, second in zip(scores, other, strict=True):
        assert jnp.allclose(first[0], second[0], atol=1e-5)


def test_width_scales_the_weights():
    def count(width):
        model = WaveformDiscriminator(WaveformDiscriminatorConfig(width=width))
        shapes = jax.eval_shape(model.init, jax.random.key(0), jnp.zeros((1, 4096)))
        return sum(leaf.size for leaf in jax.tree.leaves(shapes))

    assert 3.5 < count(16) / count(8) < 4.1
    assert 25e6 < count(32) < 45e6  # the published width
