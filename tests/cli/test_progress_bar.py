"""How many are done, and how long the others take; what became of many pairs."""

import io

import pytest

from compjax.cli.progress_bar import ManyTimes, ProgressBar, in_words
from compjax.compose.many_pairs import IndexEntry, summary


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_remaining_time_is_that_of_those_done():
    now = iter([0.0, 20.0, 60.0])
    times = ManyTimes(6, clock=lambda: next(now))
    assert times.where() == "1 of 6"
    times.finish_one()
    assert times.where() == "2 of 6, about 2 min left"
    times.finish_one()
    assert times.where() == "3 of 6, about 2 min left"


def test_the_bar_says_which_of_many_and_leaves_nothing():
    stream = Terminal()
    bar = ProgressBar(stream, width=10, quiet_seconds=0.0)
    bar.begin("2 of 6, about 2 min left")
    bar("listen", 1, 2)
    assert "2 of 6, about 2 min left  listen   [#####.....]  50 %" in stream.getvalue()
    bar.close()
    assert stream.getvalue().split("\r")[-2].strip() == ""


@pytest.mark.parametrize("seconds, said", [(41.2, "41 s"), (180, "3 min"), (7500, "2 h 5 min")])
def test_durations_in_words(seconds, said):
    assert in_words(seconds) == said


def test_summary_counts_verdicts_and_failures():
    scores = {"onset_f1": 0.8, "in_chord": None}
    entries = [IndexEntry("a", "a.html", "a.wav", verdict, scores) for verdict in ("new", "new", "copy")]
    said = summary(entries, count=4, failed=1, seconds=30.0)
    assert said.startswith("3 of 4 pairs composed in 30 s, 10.0 s a piece.")
    assert "Verdicts: 2 new, 1 copy." in said and "Mean onset F1: 0.80." in said and "chords" not in said
    assert summary([], 2, 2, 1.0) == "0 of 2 pairs composed in 1 s."
