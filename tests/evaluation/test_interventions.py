import numpy as np
import pytest

from compjax.errors import UserError
from compjax.evaluation import interventions
from compjax.evaluation.benchmark import Output
from compjax.evaluation.testsets import Pair

RHYTHMS = ([0.1 + 0.5 * i for i in range(8)], [0.25 + 0.36 * i for i in range(10)])
"""Steady beats, 120 and 167 to the minute: where they lie is not in doubt."""

CHORDS = ((48, 52, 55), (50, 54, 57))
PARTIALS = (1, 16)
DULL, BRIGHT = PARTIALS


@pytest.fixture
def pairs(clicks, chord):
    """Two pairs of clicks and chords, the one dull and the other bright; `style` is the pair's number."""
    return [
        Pair(f"pair {i}", clicks(RHYTHMS[i]), 0.1 * chord(CHORDS[i], 4.0, PARTIALS[i]), style={"number": i})
        for i in range(2)
    ]


@pytest.fixture
def obedient(melody):
    """Plays the one's rhythm on the other's chord with the third's partials."""

    def compose(sources):
        rhythm, harmony, timbre = (
            one.style["number"] for one in (sources.rhythm, sources.harmony, sources.timbre)
        )
        chord = [
            melody(RHYTHMS[rhythm], [p] * len(RHYTHMS[rhythm]), 4.0, PARTIALS[timbre])
            for p in CHORDS[harmony]
        ]
        return Output(sum(chord))

    return compose  # fmt: skip


def test_only_what_is_swapped_moves(pairs, obedient):
    found = interventions.run(pairs, obedient)
    assert [(one.pair, one.stranger) for one in found] == [("pair 0", "pair 1"), ("pair 1", "pair 0")]
    change = np.mean([one.change for one in found], axis=0)
    assert (np.diagonal(change) < -0.3).all()
    results = interventions.summarise(found)
    assert results["leak"] < 0.25
    for factor in interventions.FACTORS:
        cell = results["matrix"][factor][factor]
        assert cell["change"]["mean"] == pytest.approx(cell["after"] - cell["before"])
        assert cell["new_after"] > cell["new_before"] + 0.3
        assert cell["size"] == pytest.approx(-cell["change"]["mean"])
        of_parts = [results["parts"][factor][name]["mean"] for name in interventions.MEASURES[factor]]
        assert np.mean(of_parts) == pytest.approx(cell["change"]["mean"])
    tables = interventions.tables({"a": results, "b": results})
    assert [table.count("\n") for table in tables] == [8, 8, 8]
    assert tables[1].count("to the new") == 6


def test_a_factor_that_comes_with_another_is_found_out(pairs, obedient):
    def entangled(sources):
        import dataclasses

        return obedient(dataclasses.replace(sources, harmony=sources.timbre))

    matrix = interventions.summarise(interventions.run(pairs, entangled))["matrix"]
    assert matrix["harmony"]["harmony"]["change"]["mean"] == 0.0
    assert matrix["timbre"]["harmony"]["change"]["mean"] < -0.3


def test_one_who_composes_without_looking_has_no_leak(pairs):
    found = interventions.run(pairs, lambda sources: Output(pairs[0].given))
    assert interventions.summarise(found)["leak"] is None
    assert not np.stack([one.change for one in found]).any()
    assert "–" in interventions.tables({"deaf": interventions.summarise(found)})[0]


def test_every_piece_has_the_pairs_style(pairs):
    asked = []
    interventions.run(pairs[:2], lambda sources: asked.append(sources) or Output(pairs[0].given))
    assert [one.style["number"] for one in asked] == [0] * 4 + [1] * 4
    first = [(one.rhythm.name[-1], one.harmony.name[-1], one.timbre.name[-1]) for one in asked[:4]]
    assert first == [("0", "0", "0"), ("1", "0", "0"), ("0", "1", "0"), ("0", "0", "1")]


def test_adherence_is_the_mean_of_its_measures():
    values = dict(
        zip(("onset F1", "beat F", "envelope", "chroma", "in chord"), (0.9, 0.3, 0.6, 1.0, 0.5), strict=True)
    )
    assert interventions.adherence_of(values | {"timbre margin": -0.5}) == pytest.approx([0.6, 0.75, -0.5])


def test_leak_by_hand():
    change = np.array([[-0.5, 0.1, 0.0], [0.0, -0.4, 0.3], [0.2, 0.0, -1.0]])
    assert interventions.leak(change) == pytest.approx(0.4)


def test_strangers_share_no_clip(pairs):
    same_input = Pair("same input", pairs[0].given, pairs[1].target)
    same_target = Pair("same target", pairs[1].given, pairs[0].target)
    assert interventions.stranger_of([pairs[0], same_input, same_target, pairs[1]], 0) == 3
    assert interventions.stranger_of([pairs[1], pairs[0]], 1) == 0
    with pytest.raises(UserError, match="pair 0"):
        interventions.stranger_of([pairs[0], same_input, same_target], 0)


def test_one_pair_is_too_few(pairs):
    with pytest.raises(UserError, match="at least 2 pairs"):
        interventions.run(pairs[:1], lambda sources: Output(pairs[0].given))
