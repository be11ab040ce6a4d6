import types

import numpy as np
import pytest
import scipy.optimize

from compjax.constants import SAMPLE_RATE
from compjax.measures import novelty


@pytest.fixture
def noises(rng):
    """Three independent clips of 4 s whose spectrum keeps changing."""
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE

    def one():
        carriers = [
            np.sin(2 * np.pi * (f * time + rng.uniform(2, 5) * np.sin(rng.uniform(4, 9) * time)))
            for f in rng.uniform(100, 4000, 6)
        ]
        gates = [np.repeat(rng.random(32), len(time) // 32) ** 2 for _ in carriers]
        return sum(c * g for c, g in zip(carriers, gates, strict=True)).astype(np.float32)

    return [one() for _ in range(3)]


def spectra(*clips):
    return [novelty.spectrum(clip) for clip in clips]


def note(start, pitch):
    return types.SimpleNamespace(start=start, pitch=pitch)


def test_gated_power_is_non_negative_least_squares(rng):
    output, first, second = rng.random((3, 50, 7)) ** 3
    ours = novelty.gated_power(output, first, second)
    for frame in range(50):
        _, residual = scipy.optimize.nnls(np.stack([first[frame], second[frame]], axis=1), output[frame])
        assert np.sum(output[frame] ** 2) - residual**2 == pytest.approx(ours[frame], rel=1e-6)


def test_two_gains_is_non_negative_least_squares(rng):
    for _ in range(20):
        output, first, second = rng.standard_normal((3, 4, 5))
        explained, gains = novelty.two_gains(output, first, second)
        matrix = np.stack([first.reshape(-1), second.reshape(-1)], axis=1)
        theirs, residual = scipy.optimize.nnls(matrix, output.reshape(-1))
        np.testing.assert_allclose(gains, theirs, atol=1e-9)
        assert explained == pytest.approx(np.sum(output**2) - residual**2, abs=1e-9)


def test_any_gate_on_a_source_is_found(noises, rng):
    a, b, other = noises
    gate = np.repeat(rng.random(64), len(b) // 64).astype(np.float32)
    source_a, source_b, gated, new = spectra(a, b, gate * b, other)
    assert novelty.gating_r2(gated, source_a, source_b) > 0.95
    assert novelty.gating_r2(new, source_a, source_b) < 0.6


def test_a_delayed_gate_is_found(noises):
    a, b, _ = noises
    late = np.roll(b, int(0.06 * SAMPLE_RATE))
    source_a, source_b, gated = spectra(a, b, late)
    assert novelty.gating_r2(gated, source_a, source_b) > 0.97


def test_a_mix_is_found_and_weighed(noises):
    a, b, other = noises
    a, b = a / np.std(a), b / np.std(b)
    source_a, source_b, mix, alone, new = spectra(a, b, a + b, 0.3 * b, other)
    share, weaker = novelty.mix_r2(mix, source_a, source_b)
    assert share > 0.9 and weaker > 0.3
    share, weaker = novelty.mix_r2(alone, source_a, source_b)
    assert share > 0.999 and weaker < 0.01
    assert novelty.mix_r2(new, source_a, source_b)[0] < 0.3


def test_a_mosaic_is_found(noises, rng):
    a, b, other = noises
    source_a, source_b, new = spectra(a, b, other)
    frames = rng.integers(len(source_b), size=(200, 2))
    pieced = source_b[frames[:, 0]] + 0.5 * source_b[frames[:, 1]]
    config = novelty.NoveltyConfig(dictionary_frames=500)
    assert novelty.mosaic_r2(pieced, (source_a, source_b), config) > 0.97
    assert (
        novelty.mosaic_r2(pieced, (source_a, source_b)) > 0.9
    )  # every other frame as a piece will nearly do
    assert novelty.mosaic_r2(new, (source_a, source_b)) < 0.75


def test_silence_is_nothing_new(noises):
    a, b, silence = spectra(noises[0], noises[1], np.zeros(SAMPLE_RATE, np.float32))
    assert novelty.gating_r2(silence, a, b) == novelty.mosaic_r2(silence, (a, b)) == 1.0
    assert novelty.mix_r2(silence, a, b) == (1.0, 0.0)


def test_a_copied_stretch_is_found_wherever_it_was(noises):
    a, b, _ = noises
    start = int(0.7 * SAMPLE_RATE)
    output = np.concatenate([b[2 * SAMPLE_RATE :], a[start : start + 2 * SAMPLE_RATE]])
    out, source_a, source_b = spectra(output, a, b)
    found = novelty.copy_search(out, source_a)
    assert set(found) == {1.0, 2.0, 4.0}
    assert found[1.0] > 0.95 and found[2.0] > 0.9 and found[4.0] < 0.8
    assert novelty.copy_search(spectra(noises[2])[0], source_a)[2.0] < 0.7


def test_stretches_that_do_not_fit_are_left_out(noises):
    short, long = spectra(noises[0][: int(1.5 * SAMPLE_RATE)], noises[1])
    assert set(novelty.copy_search(short, long)) == {1.0}


def test_ngrams_by_hand():
    scale = [note(0.5 * i, 60 + i) for i in range(6)]
    assert novelty.ngram_novelty(scale, scale) == 0.0
    late = [note(n.start + 3.0, n.pitch) for n in scale]
    assert novelty.ngram_novelty(late, scale) == 0.0  # only steps between chords count
    faster = [note(n.start / 2, n.pitch) for n in scale]
    assert novelty.ngram_novelty(faster, scale) == 1.0
    changed = scale[:5] + [note(2.5, 72)]  # five steps, two runs of four, the second has another end
    assert novelty.ngram_novelty(changed, scale) == 0.5
    assert novelty.ngram_novelty([], scale) == 1.0
