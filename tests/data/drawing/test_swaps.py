import collections

import numpy as np
import pytest

from compjax.data.drawing import swaps
from compjax.music.arrange import arrange, revoiced
from compjax.music.score import Harmony, fold_pitch
from compjax.music.style import Style

PAIRS = [swaps.draw_pair(seed) for seed in range(150)]


def test_the_same_seed_gives_the_same_pair_and_splits_share_none():
    assert swaps.draw_pair(7) == PAIRS[7]
    assert swaps.draw_pair(7, "dev") != PAIRS[7]


def test_kinds_are_as_common_as_meant():
    counts = collections.Counter(pair.kind for pair in PAIRS)
    assert 50 <= counts["drums, pitched"] <= 90 and 4 <= counts["pitched, drums"] <= 30
    drummed = [pair for pair in PAIRS if pair.kind == "drums, pitched"]
    assert 0.4 < np.mean([pair.target.part == "held" for pair in drummed]) < 0.8


def test_a_kits_missing_harmony_is_asked_for_only_with_the_kit():
    for pair in PAIRS:
        clips = (pair.input, pair.target)
        if not clips[pair.switches[1]].harmony.spans:
            assert clips[pair.switches[2]].timbre.is_kit


@pytest.mark.parametrize("kind", swaps.SETTINGS)
def test_shares_of_the_settings_make_one(kind):
    assert sum(share for _, share in swaps.SETTINGS[kind]) == pytest.approx(1.0)


def test_ideal_gates_take_the_rhythm_of_the_drums():
    for pair in PAIRS:
        gates = swaps.ideal_gates(pair)
        assert gates[:3] == tuple(1 - g for g in gates[3:])
        takes_target_rhythm = pair.target.timbre.is_kit and not pair.input.timbre.is_kit
        assert gates[3] == takes_target_rhythm


def test_harmony_is_exactly_what_the_clip_plays():
    for pair in PAIRS:
        for clip in (pair.input, pair.target):
            # A note that reaches less than 0.05 s into each of two chords belongs to neither.
            long = [n for n in clip.notes if n.end - n.start > 0.11]
            sounding = {fold_pitch(n.pitch) for n in long if n.end > 0.11 and n.start < 3.89}
            listed = {pitch for span in clip.harmony.spans for pitch in span.pitches}
            if clip.timbre.is_kit:
                assert not listed
            else:
                assert listed <= {fold_pitch(n.pitch) for n in clip.notes} and sounding - listed == set()


def test_clips_fit_a_shard_and_sound():
    for pair in PAIRS:
        for clip in (pair.input, pair.target):
            assert len(clip.notes) <= 256 and len(clip.rhythm.hits) <= 128
            assert any(note.end > 0 and note.start < 4 for note in clip.notes)


def test_some_clips_begin_in_the_middle_of_a_chord_and_some_in_silence():
    starts = [min(note.start for note in pair.target.notes) for pair in PAIRS]
    assert sum(start < 0 for start in starts) > 30 and sum(start > 0.2 for start in starts) > 3


def test_a_swap_takes_each_factor_from_where_the_switch_says():
    pair = next(pair for pair in PAIRS if pair.kind == "pitched, pitched")
    style = Style()
    a, b = pair.input, pair.target
    assert swaps.arrange_swap(pair, (0, 1, 0), style) == arrange(a.rhythm, revoiced(b.harmony, style), style)
    assert swaps.arrange_swap(pair, (1, 0, 1), style) == arrange(b.rhythm, revoiced(a.harmony, style), style)


def test_a_kit_plays_the_rhythm_alone():
    pair = next(pair for pair in PAIRS if pair.kind == "drums, pitched")
    notes = swaps.arrange_swap(pair, (1, 1, 0), Style())
    assert notes == arrange(pair.target.rhythm, Harmony(), Style())
    assert {note.pitch for note in notes} <= {36, 60, 84}


@pytest.mark.synth
def test_performances_are_at_the_reference_level_and_reproducible(one_font):
    for seed in range(3):
        pair = swaps.draw_pair(seed)
        swap = swaps.arrangement(pair, pair.switches, pair.style)
        for audio in (swap.audio, swaps.perform(pair.input).audio, swaps.perform(pair.target).audio):
            assert audio.shape == (96000,) and np.isfinite(audio).all()
            assert np.sqrt(np.mean(audio.astype(float) ** 2)) == pytest.approx(0.1, rel=1e-3)
        np.testing.assert_array_equal(swaps.arrangement(pair, pair.switches, pair.style).audio, swap.audio)
