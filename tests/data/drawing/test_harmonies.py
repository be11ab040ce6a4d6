import numpy as np
import pytest

from compjax.data.drawing import harmonies
from compjax.data.drawing.harmonies import Chord, Voicing, voice_chord


def close(**changes):
    fields = dict(center=60.0, is_open=False, doublings=0, inversion=0.0, has_deep_bass=False)
    return Voicing(**{**fields, **changes})


def test_close_voicing_lies_around_its_centre():
    tones, bass = voice_chord(Chord((0, 4, 7)), close(), np.random.default_rng(0))
    assert tones == (55, 60, 64) and bass == 48  # G below, C, E; the root near 46


def test_open_voicing_drops_the_second_from_the_top():
    tones, _ = voice_chord(Chord((0, 4, 7)), close(center=64.0, is_open=True), np.random.default_rng(0))
    assert tones == (52, 60, 67)  # close it would be C4 E4 G4


def test_deep_bass_is_the_root_below_the_chord():
    for seed in range(10):
        _, bass = voice_chord(Chord((9, 0, 4)), close(has_deep_bass=True), np.random.default_rng(seed))
        assert bass % 12 == 9 and 28 <= bass <= 51


def test_doublings_keep_the_pitch_classes_and_the_limit_of_six():
    for seed in range(30):
        tones, _ = voice_chord(Chord((2, 5, 9, 0, 4)), close(doublings=3), np.random.default_rng(seed))
        assert len(tones) <= 6 and {t % 12 for t in tones} == {2, 5, 9, 0, 4}


def test_diatonic_chords_stay_in_one_key():
    scales = [{(key + step) % 12 for step in mode} for mode, _ in harmonies.MODES for key in range(12)]
    for seed in range(30):
        chords = harmonies.diatonic_chords(8, np.random.default_rng(seed))
        used = {c for chord in chords for c in chord.classes}
        assert any(used <= scale for scale in scales)


@pytest.mark.parametrize("seed", range(20))
def test_a_harmony_covers_the_time_without_gaps_on_the_beats(seed):
    beat, origin = 0.5, -4.25
    spans = harmonies.draw_harmony(-4.0, 4.0, origin, beat, 4, np.random.default_rng(seed)).spans
    assert spans[0].start <= -4.0 and spans[-1].end >= 4.0
    assert all(a.end == b.start for a, b in zip(spans, spans[1:], strict=False))
    if len(spans) > 1:
        places = [(span.start - origin) / beat for span in spans]
        np.testing.assert_allclose(places, np.round(places), atol=1e-6)


def test_pitches_are_sorted_few_and_in_range():
    sizes, chord_counts = set(), set()
    for seed in range(200):
        spans = harmonies.draw_harmony(-4.0, 4.0, 0.0, 0.5, 4, np.random.default_rng(seed)).spans
        chord_counts.add(len(spans))
        for span in spans:
            assert list(span.pitches) == sorted(set(span.pitches))
            assert 40 <= span.pitches[0] and span.pitches[-1] <= 84 and 24 <= span.bass <= 84
            sizes.add(len(span.pitches))
    assert sizes == {1, 2, 3, 4, 5, 6}
    assert 1 in chord_counts and max(chord_counts) >= 8


def test_chords_never_change_faster_than_heard():
    beats = {harmonies.draw_changes(0.25, 4, np.random.default_rng(seed)) for seed in range(100)}
    assert beats == {0, 2, 4, 8}  # a single beat would be 0.25 s
