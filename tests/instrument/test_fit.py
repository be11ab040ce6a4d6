import numpy as np
import pytest

from compjax.codec.vocos.bands import log_bands
from compjax.instrument import additive
from compjax.instrument.envelopes import goes_on
from compjax.instrument.fit import fit
from compjax.music.score import Note


@pytest.fixture(scope="module")
def bands(hollow, melody):
    notes = [Note(n.start, n.end, n.pitch, n.level) for n in melody]
    plain = additive.AdditiveConfig()
    return log_bands(additive.play(hollow, notes, 7 * 24_000, 24_000, config=plain))


@pytest.fixture(scope="module")
def fitted(melody, bands):
    return fit(melody, bands)


def test_a_known_instrument_is_found_again(hollow, fitted):
    pattern = fitted.parameters.pattern
    assert pattern[1:8:2].mean() < pattern[:8:2].mean() - 2.0  # even partials are soft
    decay = 10.0 * np.log10([goes_on(fitted.parameters), goes_on(hollow)])
    assert decay[0] == pytest.approx(decay[1], abs=3.0)  # in half a second
    assert fitted.losses[-1] < 0.5 * fitted.losses[0]


def test_it_is_the_same_each_time(melody, bands, fitted):
    again = fit(melody, bands)
    np.testing.assert_array_equal(again.losses, fitted.losses)
    assert again.notes == fitted.notes


def test_a_note_that_is_not_there_is_made_soft(melody, bands):
    import dataclasses

    ghost = dataclasses.replace(melody[2], start=6.5, end=6.9, pitch=70)
    found = fit((*melody, ghost), bands)
    assert found.notes[-1].pitch == 70 and found.notes[-1].level < 0.5 * melody[2].level
