"""How time is accounted for, and over restarts."""

import json
import time

import pytest

from compjax.training.monitoring.goodput import Goodput
from compjax.training.process.phases import Phases


def test_time_counts_for_the_innermost_phase():
    phases = Phases()
    with phases("step"):
        time.sleep(0.02)
        with phases("data"):
            assert phases.now.name == "data"
            time.sleep(0.05)
        assert phases.now.name == "step"
    seconds = phases.seconds()
    assert seconds["data"] >= 0.05 and 0.02 <= seconds["step"] < seconds["data"]
    assert sum(seconds.values()) == pytest.approx(time.time() - phases.begun, abs=0.05)


def test_an_unknown_phase_is_an_error():
    with pytest.raises(ValueError, match="unknown phase 'lunch'"):
        with Phases()("lunch"):
            pass


def test_touching_begins_the_limit_anew():
    phases = Phases()
    before = phases.now.since
    time.sleep(0.01)
    phases.touch()
    assert phases.now.since > before and phases.now.name == "start"


def test_parts_sum_to_the_wall_over_a_restart(tmp_path):
    phases = Phases()
    first = Goodput(str(tmp_path), phases, 0)
    with phases("step"):
        time.sleep(0.1)
    first.write(10, force=True)
    path = tmp_path / "goodput.json"
    before = json.loads(path.read_text())
    earlier = {name: before[name] - 50.0 for name in ("begun", "written")}
    path.write_text(json.dumps(before | earlier))

    again = Phases()
    again.begun = time.time()
    again._counted, again._seconds = time.monotonic(), dict.fromkeys(again._seconds, 0.0)
    second = Goodput(str(tmp_path), again, 5)  # steps 6 to 10 were not saved
    found = second.summary(5)
    assert sum(found["seconds"].values()) == pytest.approx(found["wall_seconds"], rel=0.02)
    assert found["seconds"]["lost"] == pytest.approx(before["seconds"]["step"] / 2, rel=0.01)
    assert found["seconds"]["down"] == pytest.approx(50.0, abs=1.0)
    assert found["steps"] == 5 and found["starts"] == 2


def test_a_damaged_file_begins_anew(tmp_path):
    (tmp_path / "goodput.json").write_text("{")
    assert Goodput(str(tmp_path), Phases(), 3).summary(3)["starts"] == 1
