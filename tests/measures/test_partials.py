import numpy as np

from compjax.constants import SAMPLE_RATE, midi_to_hz
from compjax.measures import chroma, partials


def played(pitches, amplitudes, seconds=1.0):
    """Notes one after the other, each of partials with these amplitudes."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    notes = [
        sum(a * np.sin(2 * np.pi * n * midi_to_hz(p) * time + n) for n, a in enumerate(amplitudes, 1))
        for p in pitches
    ]
    return np.concatenate(notes).astype(np.float32)


HOLLOW = (1.0, 0.02, 0.5, 0.02, 0.3, 0.02, 0.2)
FULL = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2)


def levels(audio):
    return partials.describe(chroma.describe(audio)).levels


def test_levels_are_those_of_the_partials():
    for amplitudes in (HOLLOW, FULL):
        found = levels(played((48, 52, 57, 62), amplitudes))[:5]
        np.testing.assert_allclose(found, 20 * np.log10(amplitudes[:5]), atol=9.0)


def test_odd_partials_are_told_from_all_whatever_is_played():
    for pitches in ((45, 50), (57, 60, 64), (50, 52, 53, 55)):
        hollow, full = levels(played(pitches, HOLLOW)), levels(played(pitches, FULL))
        assert hollow[1] < hollow[2] - 8.0 and hollow[3] < hollow[2] - 5.0
        assert full[1] > hollow[1] + 10.0


def test_register_is_where_the_notes_are():
    found = partials.describe(chroma.describe(played((48, 60, 72), FULL)))
    assert 44 <= found.low <= 50 and 68 <= found.high <= 74 and 52 < found.pitch < 68


def test_noise_and_silence_are_described_too(rng):
    for audio in (
        np.zeros(SAMPLE_RATE, np.float32),
        0.1 * rng.standard_normal(SAMPLE_RATE).astype(np.float32),
    ):
        assert np.isfinite(levels(audio)).all()
