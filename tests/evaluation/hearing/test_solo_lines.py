"""Single lines are judged note by note."""

import numpy as np

from compjax.evaluation.hearing.solo_lines import HIGHEST, LOWEST, SECONDS, draw_line, judge, table
from compjax.music.score import Harmony, Span


def test_a_line_has_one_tone_at_a_time():
    notes = draw_line(np.random.default_rng(3))
    assert len(notes) > 4
    assert all(LOWEST <= note.pitch <= HIGHEST and note.end <= SECONDS for note in notes)
    assert all(first.end <= second.start + 1e-9 for first, second in zip(notes, notes[1:], strict=False))


def test_what_was_heard_is_judged():
    notes = draw_line(np.random.default_rng(3))
    truth = Harmony(tuple(Span(n.start, n.end, (n.pitch,), n.pitch) for n in notes))
    more = Harmony(tuple(Span(n.start, n.end, (n.pitch, n.pitch + 7), n.pitch) for n in notes))
    assert set(judge(notes, truth)) == {(True, True)}
    assert set(judge(notes, more)) == {(False, True)}
    assert set(judge(notes, Harmony(()))) == {(False, False)}
    assert "50%" in table({"piano": judge(notes, truth), "pipe": judge(notes, more)})
