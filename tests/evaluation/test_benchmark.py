import types

import numpy as np
import pytest

from compjax.data.drawing.controls import Controls
from compjax.evaluation import benchmark, report
from compjax.evaluation.benchmark import CEILING, CONTROLS, OURS, Output
from compjax.evaluation.testsets import Arrangement, Pair
from compjax.measures import joint_score
from compjax.measures.adherence import Known
from compjax.music.factors import Switches

RHYTHMS = ([0.25, 0.5, 1.25, 1.5], [0.1, 0.7, 0.9, 1.7])
CHORDS = ((48, 52, 55), (50, 54, 57))


@pytest.fixture
def pairs(clicks, chord, melody):
    """Two pairs of clicks and chords; arranged, the clicks' rhythm is on the chord's tones. With controls."""
    dull = 3

    def make(index):
        times, pitches, strange = RHYTHMS[index], CHORDS[index], CHORDS[1 - index]
        notes = [types.SimpleNamespace(start=t, pitch=12 + pitches[i % 3]) for i, t in enumerate(times)]
        span = types.SimpleNamespace(start=0.0, end=2.0, pitches=pitches, bass=pitches[0])
        tones = [n.pitch for n in notes]
        truth = Arrangement(melody(times, tones, 2.0), Known((span,), tuple(notes), tuple(notes)))

        def controls():
            other = melody(RHYTHMS[1 - index], tones, 2.0)
            chords = melody(times, [12 + strange[i % 3] for i in range(len(times))], 2.0)
            rivals = [melody(times, tones, 2.0, partials) for partials in (1, 1, 2, dull)]
            plays = [melody(RHYTHMS[1 - index], [12 + p for p in (*strange, strange[0])], 2.0)]
            return Controls((other, other), (chords, chords), tuple(rivals), tuple(plays))

        return Pair(
            f"pair {index}",
            clicks(times, 2.0),
            0.1 * chord(pitches),
            {"ITT": truth},
            family="organ" if index else "piano",
            truths={"ITT": controls},
            play=lambda played, source: melody([n.start for n in played], [n.pitch for n in played], 2.0),
        )

    return [make(0), make(1)]


def truth(pair, switches):
    return benchmark.ceiling_system(pair, Switches())


def factors_of(done):
    """Mean factors of every system by name."""
    tables = {one.system: joint_score.factor_table(one.measures, done.anchors) for one in done.systems}
    return {
        name: dict(zip(joint_score.FACTORS, table.mean(axis=0), strict=True))
        for name, table in tables.items()
    }


def test_every_control_scores_nothing_in_its_own_factor_and_the_arrangement_one(pairs):
    done = benchmark.run(pairs, {OURS: truth, "silent": lambda pair, _: Output(np.zeros_like(pair.given))})
    rows = {judged.system: judged for judged in done.systems}
    assert list(rows) == [CEILING, *CONTROLS.values(), OURS, "silent"]
    factors = factors_of(done)
    for factor, name in CONTROLS.items():
        assert factors[name][factor] < 0.15, name
        assert factors[CEILING][factor] > 0.85
    assert factors["another instrument"]["rhythm"] > 0.7 and factors["another instrument"]["harmony"] > 0.7
    assert factors["other chords"]["rhythm"] > 0.8
    joint = {name: joint_score.system_joint(one.measures, done.anchors).mean for name, one in rows.items()}
    assert joint[OURS] == joint[CEILING] > 0.85
    assert joint["silent"] == 0.0 and max(joint[name] for name in CONTROLS.values()) < 0.3


def test_the_true_instrument_is_named_and_its_notes_played(pairs):
    done = benchmark.run(pairs, {"silent": lambda pair, _: Output(np.zeros_like(pair.given))})
    rows = {judged.system: judged for judged in done.systems}
    assert rows[CEILING].mean("named") == 1.0 and rows["silent"].mean("named") == 0.0
    assert rows["another instrument"].mean("named") == 0.0
    assert rows["another instrument"].mean("spectral_distance") > 1.0
    assert rows[CEILING].mean("spectral_distance") < 1e-3 and rows["silent"].mean("spectral_distance") is None
    assert rows[CEILING].mean("note_f1") == 1.0 and rows["silent"].mean("note_f1") is None
    assert rows[CEILING].mean("decay") == 0.0 < rows["silent"].mean("decay")


def test_families_have_a_table(pairs):
    results, [scores, families] = report.of_systems(benchmark.run(pairs, {OURS: truth}))
    assert CEILING in scores and results["families"] == ["piano", "organ"]
    lines = [[cell.strip() for cell in line.split("|")[1:4]] for line in families.splitlines()[2:]]
    assert lines == [[OURS, "organ", "1"], [OURS, "piano", "1"]]


def test_recordings_have_neither_ceiling_nor_floor(pairs):
    bare = [Pair(pair.name, pair.given, pair.target) for pair in pairs]
    done = benchmark.run(bare, {"copy": lambda pair, _: Output(pair.target)})
    assert [judged.system for judged in done.systems] == ["copy"]
    assert done.anchors == (joint_score.FIXED,) * 2 and done.recorded is None
    assert done.systems[0].mean("timbre_margin") == 1.0 and done.systems[0].mean("named") is None


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
    again = benchmark.run(pairs, {OURS: truth})
    assert [one.scores for one in done.systems] == [one.scores for one in again.systems]
