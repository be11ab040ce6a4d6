"""What the loop makes of scalars that are not finite, and of spikes."""

import json
import math

import numpy as np
import pytest

from compjax.training.monitoring.guards import Guards, NotFinite, Seen


def seen(step, loss=1.0, finite=1.0):
    batch = {"x": np.array([1.0, np.nan, 3.0], np.float32), "n": np.arange(2)}
    return Seen(step, {"loss/total": loss, "finite": finite}, batch, (step * 10, step * 10 + 1))


def test_five_in_a_row_end_the_run_with_a_diagnosis(tmp_path):
    guards = Guards(5, 6.0, str(tmp_path), 0)
    for step in range(1, 5):
        name, text = guards.look(seen(step, math.nan, 0.0))
        assert name == "nan" and f"{step * 10}" in text
    with pytest.raises(NotFinite, match=r"5 steps in a row up to 5 .*50 51"):
        guards.look(seen(5, math.inf, 0.0))
    found = json.loads((tmp_path / "diagnosis-0.json").read_text())["not_finite"]
    assert [one["sample_ids"] for one in found] == [[step * 10, step * 10 + 1] for step in range(1, 6)]
    assert found[0]["batch"] == {"x": {"min": 1.0, "max": 3.0, "not_finite": 1}}
    assert found[4]["scalars"]["loss/total"] == "inf"


def test_a_good_step_in_between_begins_anew(tmp_path):
    guards = Guards(2, 6.0, str(tmp_path), 0)
    for step in range(1, 9):
        guards.look(seen(step, finite=float(step % 2)))
    assert guards.bad == 4


def test_counts_go_on_after_a_restart(tmp_path):
    first = Guards(3, 6.0, str(tmp_path), 0)
    for step in (1, 2):
        first.look(seen(step, finite=0.0))
    second = Guards(3, 6.0, str(tmp_path), 0)
    second.recall(json.loads(json.dumps(first.memory())))
    with pytest.raises(NotFinite):
        second.look(seen(3, finite=0.0))


def test_a_spike_is_told_with_its_samples(tmp_path, rng):
    guards = Guards(5, 6.0, str(tmp_path), 0)
    for step in range(1, 41):
        assert guards.look(seen(step, 1.0 + 0.01 * rng.normal())) is None
    name, text = guards.look(seen(41, 2.0))
    assert name == "spike" and "410 411" in text and guards.spikes == 1
    assert guards.look(seen(42, 1.0)) is None


def test_a_diagnosis_that_cannot_be_written_still_ends_the_run(tmp_path):
    guards = Guards(1, 6.0, str(tmp_path / "nowhere"), 0)
    with pytest.raises(NotFinite, match="could not be written"):
        guards.look(seen(1, finite=0.0))
