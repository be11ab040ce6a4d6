"""The transformer as an arranger: what it is given, over clips of any length, and how it is read."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.arranging.steering import HEARD, Steering
from compjax.arranging.transformer import Transformer, WritingConfig, decided, frames_of, times_of
from compjax.constants import FRAME_RATE
from compjax.hearing.listener import Heard
from compjax.hearing.reading import HeardPair
from compjax.hearing.sound import LEAD_IN
from compjax.models.composing.factor_frames import HARMONY, RHYTHM
from compjax.models.composing.note_transformer import Written, at
from compjax.music.score import Harmony, Hit, Rhythm, Span
from compjax.music.style import Style

CHORD = Harmony((Span(0.0, 99.0, (50, 53, 57), 38),))


class EveryTone(nn.Module):
    """Strikes, in the octave from C4, the target's heard classes at half a second each."""

    @nn.compact
    def __call__(self, heard, style, moments, gates):
        classes = at(heard[:, 1, :, HARMONY], moments)[..., :12]
        onsets = jnp.pad(8.0 * classes - 4.0, ((0, 0), (0, 0), (36, 16)), constant_values=-9.0)
        velocities = jnp.broadcast_to(style[..., -1:], onsets.shape)
        lengths = jnp.full_like(onsets, np.log(2.0) / 2)
        return Written(onsets, velocities, lengths, jnp.zeros((1, 6)))


def clip(hits=(), classes=(), frames=150) -> Heard:
    """What is heard in a clip with hits (frame, voice) and pitch classes."""
    heard = np.full((LEAD_IN + frames, 12), 0.02, np.float32)
    heard[:, list(classes)] = 0.97
    voices = np.zeros((LEAD_IN + frames, 3), np.float32)
    for frame, voice in hits:
        voices[LEAD_IN + frame, voice] = 0.9
    levels = np.zeros((len(heard), 64), np.float32)
    levels[:, [c for c in classes]] = 1.0
    salience = np.tile(heard, 6)[:, :64]
    zeros = np.zeros((len(heard), 64))
    return Heard(zeros, salience, heard, heard, np.zeros(64), voices, np.full_like(voices, 0.5), levels)


def usual_gates(frames=150):
    return np.tile(np.float32([1, 0, 0, 0, 1, 1]), (frames, 1))


@pytest.fixture(scope="module")
def transformer():
    return Transformer(EveryTone(), {})


def arranged(transformer, hits, frames=150, steering=HEARD, style=Style()):
    pair = HeardPair((clip(hits, frames=frames), clip((), (0, 4, 7), frames)))
    return transformer.arrange(pair, usual_gates(frames), style, steering)


def test_the_targets_tones_at_the_inputs_hits(transformer):
    notes = arranged(transformer, [(10, 0), (60, 2)])
    assert [(round(n.start * FRAME_RATE - 0.5), n.pitch) for n in notes] == [
        (10, 60), (10, 64), (10, 67), (60, 60), (60, 64), (60, 67),
    ]  # fmt: skip
    assert all(note.end - note.start == pytest.approx(0.5, abs=1e-3) for note in notes)


def test_a_long_clip_is_written_window_by_window(transformer):
    hits = [(frame, 0) for frame in range(5, 890, 20)]
    notes = arranged(transformer, hits, 900, style=Style(contour_depth=1.0, contour_rate=0.2))
    starts = sorted({round(note.start * FRAME_RATE - 0.5) for note in notes})
    assert starts == [frame for frame, _ in hits]
    assert len({round(note.velocity, 2) for note in notes}) > 5  # the contour goes on from window to window


def test_no_hits_no_notes(transformer):
    assert arranged(transformer, []) == ()


def test_a_groove_and_chords_take_the_place_of_what_is_heard(transformer):
    steering = Steering(Rhythm((Hit(0.513, 0.2, 1, 0.8),)), CHORD)
    notes = arranged(transformer, [(10, 0)], steering=steering)
    assert {round(note.start, 3) for note in notes} == {0.513}
    assert {note.pitch % 12 for note in notes} == {2, 5, 9}


def test_what_is_given_is_certain():
    frames = frames_of(clip([(10, 0)], (0, 4)), Steering(Rhythm((Hit(0.5, 0.2, 1, 0.8),)), CHORD))
    rhythm, harmony = frames[:, RHYTHM], frames[:, HARMONY]
    np.testing.assert_array_equal(np.argwhere(rhythm[:, :3]), [[37, 1]])
    assert rhythm[37, 4] == pytest.approx(0.8)
    np.testing.assert_array_equal(np.flatnonzero(harmony[20, :12]), [2, 5, 9])


def test_no_hit_goes_without_a_note_unless_nothing_is_likely():
    probable = np.full((3, 64), 0.01)
    probable[0, [5, 9]], probable[1, [5, 9]], probable[2, 5] = (0.8, 0.6), (0.4, 0.38), 0.1
    notes = decided(probable, WritingConfig())
    assert [list(np.flatnonzero(row)) for row in notes] == [[5, 9], [5, 9], []]


def test_notes_begin_with_the_first_hit_of_their_frame():
    rhythm = Rhythm((Hit(0.505, 0.1, 0, 1.0), Hit(0.502, 0.1, 1, 1.0)))
    np.testing.assert_allclose(times_of(rhythm, np.array([37, 50])), [0.502, 50.5 / FRAME_RATE])
