"""What a run shows: read back as TensorBoard reads it, without TensorFlow."""

import errno
import io
import logging as standard_logging
import os
import re

import numpy as np
import pytest
from absl import logging
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from compjax.training.monitoring import tensorboard
from compjax.training.monitoring.monitor import GATE_NAMES, Monitor, flattened, weight_table
from compjax.training.monitoring.status_line import RemainingTime, duration
from compjax.training.task import Cost, Examples, Picture, Validation

CONFIG = {
    "kind": "agent",
    "num_steps": 100,
    "batch_size": 2,
    "losses": {"latent": 1.0},
    "kernels": (3, 5),
    "none": None,
}
GATES = {f"gates/{name}": 0.1 * place for place, name in enumerate(GATE_NAMES)}
RATES = {"step_seconds": 2.0, "clips_per_second": 4.0, "learning_rate": 0.5}
COST = Cost(flops_per_step=1e9, peak_flops=1e11, parameters=1234)


def read(folder) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    found.Reload()
    return found


def values(found, tag):
    return {event.step: event.value for event in found.Scalars(tag)}


def test_everything_is_read_back(tmp_path):
    monitor = Monitor(str(tmp_path), 0, CONFIG)
    monitor.describe(COST)
    for number in range(1, 5):
        scalars = {"novelty_score": 0.1 * number, "novelty_hinge": 0.5, "loss/total": 2.0, "loss/latent": 1.5}
        monitor.step(number, scalars, RATES if number == 4 else {})
    rng = np.random.default_rng(0)
    bands = Picture(rng.normal(size=(30, 128)), "bands", "dB of full scale")
    examples = Examples({"output": bands}, {"piano/output": rng.normal(size=2400)})
    monitor.validation(4, Validation({"loss/total": 3.0, "baseline/gated/joint": 0.4}, examples))
    monitor.epoch(4, GATES)
    monitor.event(4, "spike", "samples 1, 2")
    monitor.close()

    found = read(tmp_path)
    assert values(found, "train/novelty_score") == pytest.approx({1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4})
    assert values(found, "train/loss/latent") == {4: 1.5}
    assert values(found, "dev/loss/total") == {4: 3.0}
    assert values(found, "dev/baseline/gated/joint") == pytest.approx({4: 0.4})
    assert values(found, "epoch/target/timbre_weight") == pytest.approx({4: 0.5})
    assert values(found, "speed/clips_per_second") == {4: 4.0}
    assert values(found, "speed/mfu") == pytest.approx({4: 0.005})
    assert values(found, "train/learning_rate") == {4: 0.5}
    assert values(found, "memory/host_gigabytes")[4] > 0.01
    [image] = found.Images("picture/output")
    assert (image.width, image.height) == (700, 340)
    [audio] = found.Audio("audio/piano/output")
    assert audio.sample_rate == 24_000 and audio.length_frames == 2400
    assert "spike/text_summary" in found.Tags()["tensors"] or "spike" in str(found.Tags())
    assert "_hparams_/session_start_info" in str(found.summary_metadata)


def test_scalars_that_are_easily_mistaken_say_what_they_are(tmp_path):
    monitor = Monitor(str(tmp_path), 0, CONFIG)
    monitor.step(1, {"novelty_score": 0.1, "novelty_hinge": 0.5, "loss/total": 1.0}, RATES)
    monitor.close()
    found = read(tmp_path)
    for name, words in (("novelty_score", "0 is a copy"), ("novelty_hinge", "0 is new")):
        assert words in found.SummaryMetadata(f"train/{name}").summary_description


@pytest.mark.parametrize("crashes", [5])
def test_each_step_once_after_crashes(tmp_path, crashes):
    """Runs that end anyhow, even in the middle of a record, and are resumed behind where they were."""
    start = 0
    for _ in range(crashes + 1):
        monitor = Monitor(str(tmp_path), start, CONFIG)
        for number in range(start + 1, start + 21):
            monitor.step(number, {"novelty_score": float(number), "loss/total": float(number)}, RATES)
        monitor._events.close()
        newest = max(tmp_path.glob("events*"), key=lambda path: path.name)
        newest.write_bytes(newest.read_bytes()[:-7])
        start += 13
    found = read(tmp_path)
    for tag in ("train/novelty_score", "train/loss/total"):
        steps = [event.step for event in found.Scalars(tag)]
        assert steps == sorted(set(steps))
        assert all(event.value == event.step for event in found.Scalars(tag))
        assert set(range(1, 13 * crashes + 20)) <= set(steps)


def test_a_full_disk_does_not_stop_a_run(tmp_path, monkeypatch, caplog):
    monitor = Monitor(str(tmp_path), 0, CONFIG)

    def full(self, event):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(tensorboard.EventsWriter, "write_event", full)
        for number in range(1, 60):
            monitor.step(number, {"novelty_score": 0.5}, {})
    assert caplog.text.count("No space left on device") == 1
    monkeypatch.setattr(tensorboard, "RETRY_SECONDS", 0.0)
    monitor._events._closed_until = 0.0  # as after half a minute
    monitor.step(60, {"novelty_score": 0.5}, {})
    monitor.close()
    assert values(read(tmp_path), "train/novelty_score") == {60: 0.5}


def test_only_the_active_one_writes(tmp_path):
    monitor = Monitor(str(tmp_path / "none"), 0, CONFIG, active=False)
    monitor.describe(COST)
    monitor.step(1, {"loss/total": 0.5}, RATES)
    monitor.validation(1, Validation({}))
    monitor.epoch(1, GATES)
    monitor.event(1, "a", "b")
    monitor.close()
    assert not (tmp_path / "none").exists()


def test_symptoms_are_printed_and_kept(tmp_path, caplog):
    monitor = Monitor(str(tmp_path), 0, CONFIG)
    for number in (6, 7):
        monitor.epoch(number, dict.fromkeys(GATE_NAMES, 0.5))
    monitor.close()
    assert "step 7: symptom/alike" in caplog.text and "train longer" in caplog.text


def test_gradient_norms_are_written_when_they_come(tmp_path, caplog):
    """They are measured at steps of their own, and judged with the next report."""
    monitor = Monitor(str(tmp_path), 0, CONFIG)
    norms = {"gradient/latent": 99.0, "gradient/novelty": 0.1}
    for number in range(1, 12):
        monitor.step(number, {"loss/total": 1.0} | (norms if number % 2 else {}), {} if number % 2 else RATES)
    monitor.close()
    assert set(values(read(tmp_path), "train/gradient/latent")) == {1, 3, 5, 7, 9, 11}
    assert "step 10: symptom/drowning" in caplog.text


def test_the_table_is_the_originals():
    lines = weight_table([0.7, 0.2, 0.1, 0.15, 0.65, 0.8]).splitlines()
    assert lines[0].split() == "input rhythm_weight: 0.700 harmony_weight: 0.200 timbre_weight: 0.100".split()
    assert (
        lines[1].split() == "target rhythm_weight: 0.150 harmony_weight: 0.650 timbre_weight: 0.800".split()
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_has_a_line_with_the_time_left(tmp_path):
    stream = Terminal()
    monitor = Monitor(str(tmp_path), 0, CONFIG, stream=stream)
    monitor._estimate = RemainingTime(100, clock=iter(range(0, 1000, 2)).__next__)
    for number in (1, 2):
        monitor._line._next = 0.0
        monitor.step(number, {"loss/total": 1.5, "novelty_score": 0.25}, {})
    assert stream.getvalue().endswith("step 2/100  2 %  total 1.500  novelty_score 0.250  3 min 16 s left")
    record = standard_logging.makeLogRecord({"levelno": standard_logging.INFO, "pathname": __file__})
    logging.get_absl_handler().filter(record)  # comes in between: the line makes way
    assert stream.getvalue().endswith("left\r\x1b[K")
    monitor.close()


def test_a_log_has_plain_lines(tmp_path, caplog):
    stream = io.StringIO()
    monitor = Monitor(str(tmp_path), 0, CONFIG, stream=stream)
    caplog.set_level("INFO")
    logging.set_verbosity(logging.INFO)
    monitor.step(1, {"loss/total": 2.0, "weight/latent": 1.0}, {"step_seconds": 0.5})
    monitor.close()
    assert stream.getvalue() == ""
    assert re.search(r"train 1/100: total 2  step_seconds 0.5", caplog.text)
    assert "weight" not in caplog.text


def test_durations():
    assert [duration(s) for s in (0.4, 59, 61, 3600, 90_000)] == [
        "0 s",
        "59 s",
        "1 min 01 s",
        "1 h 00 min",
        "1 d 01 h",
    ]


def test_estimate_leaves_the_first_step_out():
    estimate = RemainingTime(10, clock=iter([100.0, 102.0, 104.0]).__next__)
    assert [estimate.remaining(n) for n in (1, 2, 3)] == [None, 16.0, 14.0]


def test_configurations_are_flattened():
    assert flattened(CONFIG) == {
        "kind": "agent",
        "num_steps": 100,
        "batch_size": 2,
        "losses.latent": 1.0,
        "kernels": "(3, 5)",
    }


def test_parameters_are_histograms_by_their_path(tmp_path):
    spread = np.concatenate([np.linspace(-1.0, 3.0, 999), [np.nan]])
    monitor = Monitor(str(tmp_path), 0, CONFIG)
    monitor.parameters(7, {"head": {"kernel": spread, "empty": np.zeros(0)}, "scale": np.float32(2.0)})
    monitor.close()
    found = EventAccumulator(str(tmp_path), size_guidance={"histograms": 0})
    found.Reload()
    assert set(found.Tags()["histograms"]) == {"parameters/head/kernel", "parameters/scale"}
    [event] = found.Histograms("parameters/head/kernel")
    assert event.step == 7 and event.histogram_value.num == 999
    assert (event.histogram_value.min, event.histogram_value.max) == (-1.0, 3.0)
