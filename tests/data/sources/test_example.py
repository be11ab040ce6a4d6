"""Examples: complete, reproducible, and augmented where they should be."""

import numpy as np
import pytest

from compjax.constants import LATENT_STD, SILENT_LATENT
from compjax.data.sources import example


@pytest.fixture
def examples():
    rng = np.random.default_rng(0)
    count, frames = 5, 30
    made = {f"latents_{x}": rng.uniform(0, 2, (count, frames, 128)).astype(np.float16) for x in "abc"}
    made |= {f"spectrum_{x}": rng.normal(1, 0.3, (count, 8, 300)).astype(np.float16) for x in "ab"}
    made |= {f"bass_{x}": np.tile(np.int8([-1, 43, 60]), (count, 10)) for x in "ab"}
    made |= {"is_kit_a": np.ones(count, bool), "is_kit_b": np.zeros(count, bool)}
    made |= {f"salience_{x}": rng.integers(0, 255, (count, frames, 8)).astype(np.uint8) for x in "ab"}
    made |= {f"hits_{x}": np.tile([0.1, 0.1, 1, 0.5], (count, 2, 1)).astype(np.float32) for x in "ab"}
    made["notes_c"] = np.tile([0.1, 0.2, 60, 0.5], (count, 2, 1)).astype(np.float32)
    made["style"] = rng.random((count, 8)).astype(np.float32)
    made["switches"] = np.tile([0, 1, 1], (count, 1)).astype(np.int8)
    made["ideal"] = np.tile([1, 0, 0, 0, 1, 1], (count, 1)).astype(np.float32)
    return made


def make_batch(examples, config, seed=0):
    """All examples as they are trained on, stacked."""
    rows = [{name: values[row] for name, values in examples.items()} for row in range(5)]
    made = [example.make_example(raw, np.random.default_rng([seed, i]), config) for i, raw in enumerate(rows)]
    return {name: np.stack([example[name] for example in made]) for name in made[0]}


def test_an_example_is_a_function_of_its_generator(examples):
    one, same, other = (make_batch(examples, example.AugmentConfig(), seed) for seed in (7, 7, 8))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["input_latents"], other["input_latents"])


def test_switches_open_gates(examples):
    batch = make_batch(examples, None)
    assert batch["gates"][0].tolist() == [1, 0, 0, 0, 1, 1]
    assert batch["style"].shape == (5, 30, 9) and batch["salience"].shape == (5, 2, 30, 64)


def test_nothing_is_augmented_without_a_config(examples):
    batch = make_batch(examples, None)
    assert set(batch["arrangement"][:, 0, 0]) == set(examples["latents_c"][:, 0, 0].astype(np.float32))


def test_what_is_heard_of_both_clips_goes_with_them(examples):
    batch = make_batch(examples, None)
    assert batch["spectra"].shape == (5, 2, 8, 300)
    assert batch["bass"][0, 0, :3].tolist() == [12, 7, 0]


def test_drums_bleed_into_what_is_heard_and_not_into_what_is_rendered(examples):
    always = example.AugmentConfig(tilt_db=0, level_db=0, noise_db=(-200, -200), bleed=1, bleed_db=(0, 0))
    bled, clean = (make_batch(examples, config) for config in (always, None))
    both = np.logaddexp(2 * clean["spectra"][:, 0] * LATENT_STD, 2 * clean["spectra"][:, 1] * LATENT_STD)
    np.testing.assert_allclose(bled["spectra"][:, 1], both / 2 / LATENT_STD, atol=1e-3)
    np.testing.assert_allclose(bled["target_latents"], clean["target_latents"], atol=1e-3)


def test_an_equaliser_lies_over_the_same_frequencies_in_both():
    octaves = np.arange(128) / 15.0  # band n and bin 3 * 12 * n / 15 + 1 are one frequency
    on_bins = example.on_bins(octaves)
    np.testing.assert_allclose(on_bins[1::36], np.arange(9), atol=1e-6)


def test_a_filter_leaves_silence_alone():
    quiet = np.full((3, 128), SILENT_LATENT, np.float32)
    np.testing.assert_allclose(example.filtered(quiet, np.full(128, -2.0)), SILENT_LATENT, atol=0.16)


def test_a_filter_scales_what_sounds():
    loud = np.zeros((3, 128), np.float32)
    np.testing.assert_allclose(example.filtered(loud, np.full(128, 0.5)), 0.5 / LATENT_STD, atol=1e-3)
