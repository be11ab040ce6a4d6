import types

import numpy as np
import pytest

from compjax.evaluation import benchmark, report
from compjax.evaluation.benchmark import CEILING, FLOOR, OURS, SHUFFLED, Output
from compjax.evaluation.testsets import Arrangement, Pair
from compjax.measures import joint_score
from compjax.measures.adherence import Known
from compjax.music.factors import Switches

RHYTHMS = ([0.25, 0.5, 1.25, 1.5], [0.1, 0.7, 0.9, 1.7])
CHORDS = ((48, 52, 55), (50, 54, 57))


@pytest.fixture
def pairs(clicks, chord, melody):
    """Two pairs of clicks and chords; arranged, the clicks' rhythm is on the chord's tones."""

    def make(index):
        times, pitches = RHYTHMS[index], CHORDS[index]
        notes = [types.SimpleNamespace(start=t, pitch=12 + pitches[i % 3]) for i, t in enumerate(times)]
        span = types.SimpleNamespace(start=0.0, end=2.0, pitches=pitches, bass=pitches[0])
        truth = Arrangement(
            melody(times, [n.pitch for n in notes], 2.0), Known((span,), tuple(notes), tuple(notes))
        )
        return Pair(f"pair {index}", clicks(times, 2.0), 0.1 * chord(pitches), {"ITT": truth})

    return [make(0), make(1)]


def truth(pair, switches):
    return benchmark.ceiling_system(pair, Switches())


def test_ceiling_is_one_and_floor_zero(pairs):
    done = benchmark.run(pairs, {OURS: truth, "silent": lambda pair, _: Output(np.zeros_like(pair.given))})
    rows = {judged.system: judged for judged in done.systems}
    assert list(rows) == [CEILING, FLOOR, OURS, SHUFFLED, "silent"]
    joint = {
        name: joint_score.system_joint(judged.scores, done.anchors).mean for name, judged in rows.items()
    }
    assert joint[CEILING] == pytest.approx(1.0) and joint[OURS] == joint[CEILING]
    assert joint[FLOOR] < 0.5 and joint[SHUFFLED] == joint[FLOOR]
    assert joint["silent"] == 0.0
    assert rows[OURS].mean("note_f1") == 1.0 and rows["silent"].mean("note_f1") is None
    assert rows[FLOOR].mean("note_f1") < 0.5


def test_recordings_have_neither_ceiling_nor_floor(pairs):
    bare = [Pair(pair.name, pair.given, pair.target) for pair in pairs]
    done = benchmark.run(bare, {"copy": lambda pair, _: Output(pair.target)})
    assert [judged.system for judged in done.systems] == ["copy"]
    assert done.anchors == joint_score.FIXED and done.systems[0].mean("timbre_margin") == 1.0


def test_baselines_hear_the_aligned_target(pairs):
    silent = Pair("moved", pairs[0].given, pairs[0].target, aligned=np.zeros_like(pairs[0].target))
    made = benchmark.baseline_systems()["copy target"](silent, Switches())
    assert not made.audio.any()


def test_switch_settings_are_told_apart(pairs):
    def obedient(pair, switches):
        return Output(pair.given if switches.rhythm == "input" else pair.target)

    found = benchmark.run_switches(pairs, {OURS: obedient})
    assert [(one.system, one.switches.label) for one in found if one.system == CEILING] == [(CEILING, "ITT")]
    by_label = {one.switches.label: one for one in found if one.system == OURS}
    assert set(by_label) == {"III", "IIT", "ITI", "ITT", "TII", "TIT", "TTI", "TTT"}
    assert by_label["ITT"].onset_f1 == 1.0 > by_label["ITT"].onset_f1_other
    assert by_label["TTT"].onset_f1 == by_label["TTT"].timbre_nearer == 1.0
    assert by_label["ITT"].timbre_nearer == 0.0
    results, tables = report.of_switches(found)
    assert len(results["settings"]) == 9 and tables[0].count("\n") == 11


def test_outputs_are_handed_out_as_they_are_made(pairs):
    kept = []
    done = benchmark.run(pairs, {OURS: truth}, keep=lambda *given: kept.append(given))
    assert [(name, place) for name, place, _ in kept] == [(CEILING, 0), (CEILING, 1), (OURS, 0), (OURS, 1)]
    assert all(output.audio is pairs[place].arrangements["ITT"].audio for _, place, output in kept)
    assert done == benchmark.run(pairs, {OURS: truth})
