"""What a run says at its start."""

import logging
import time

from compjax.training.monitoring import announce


def test_the_pace_is_told_once_after_the_first_steps(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(announce.time, "monotonic", lambda: 2.0 * next(clock))
    pace = announce.Pace(101)
    said = [pace.step(number) for number in range(1, 12)]
    told = [number for number, line in enumerate(said, start=1) if line]
    assert told == [announce.FIRST_STEPS + 1]
    assert said[announce.FIRST_STEPS].startswith("0.50 steps a second: done in 3 min 10 s")


def test_a_cpu_is_offered_the_small_size():
    assert "size=small" in announce.proposal({"agent": {"settings": {"size": "original"}}})
    assert announce.proposal({"agent": {"settings": {"size": "small"}}}) is None
    assert announce.proposal({"agent": {}}) is None


def test_what_takes_long_says_so_again(caplog):
    with caplog.at_level(logging.INFO, "absl"), announce.signs_of_life("compiling", 0.02):
        time.sleep(0.15)
    assert len([r for r in caplog.records if "so far" in r.getMessage()]) >= 2
    count = len(caplog.records)
    time.sleep(0.05)
    assert len(caplog.records) == count
