import pytest

from compjax.evaluation import own_choice
from compjax.measures.joint_score import FACTORS
from compjax.music.factors import Switches


def weights(rhythm, harmony, timbre):
    """Weights of (input, target) by factor."""
    factors = {"rhythm": rhythm, "harmony": harmony, "timbre": timbre}
    return {
        source: {factor: pair[place] for factor, pair in factors.items()}
        for place, source in enumerate(("input", "target"))
    }


IDEAL = weights((0.9, 0.1), (0.2, 0.8), (0.1, 0.7))
WEAK = weights((0.5, 0.4), (0.2, 0.8), (0.3, 0.6))
WRONG = weights((0.9, 0.1), (0.8, 0.2), (0.5, 0.5))


def test_shares_by_hand():
    results = own_choice.summarise(["a", "b", "c", "d"], [IDEAL, WEAK, WRONG, IDEAL])
    right = {name: share["mean"] for name, share in results["right"].items()}
    assert right == {"rhythm": 1.0, "harmony": 0.75, "timbre": 0.75, "all three": 0.75}
    expected = {name: share["mean"] for name, share in results["expected"].items()}
    assert expected == {"rhythm": 0.75, "harmony": 0.75, "timbre": 0.75, "all three": 0.5}
    assert results["mean_weights"]["input rhythm"] == pytest.approx(0.8)
    assert [one["wrong"] for one in results["pairs"]] == [[], [], ["harmony", "timbre"], []]


def test_another_ideal_asks_for_other_components():
    results = own_choice.summarise(["a"], [IDEAL], Switches("target", "target", "input"))
    assert results["pairs"][0]["wrong"] == ["rhythm", "timbre"]


def test_table_has_factors_and_all_three():
    lines = own_choice.table(own_choice.summarise(["a", "b"], [IDEAL, WRONG])).splitlines()
    assert len(lines) == 6
    rhythm, harmony, all_three = lines[2], lines[3], lines[5]
    assert [cell.strip() for cell in rhythm.split("|")[1:7]] == [
        "rhythm", "input", "0.90", "0.10", "100% (100%–100%)", "100%",
    ]  # fmt: skip
    assert [cell.strip() for cell in harmony.split("|")[3:5]] == ["0.50", "0.50"]
    assert "50%" in all_three and "all three" in all_three


def one_with(first: float) -> dict:
    return {
        "input": {"rhythm": first, "harmony": 0.2, "timbre": 0.3},
        "target": {"rhythm": 0.4, "harmony": 0.5, "timbre": 0.6},
    }


def results() -> dict:
    columns = ("onset_f1", "in_chord", "timbre", "gating_r2", "mosaic_r2", "mix_r2")
    row = {
        "joint": {"mean": 0.5, "low": 0.25, "high": 0.75},
        "factors": dict(zip(FACTORS, (0.1, 0.2, 0.3, 0.4), strict=True)),
        "scores": {column: {"mean": 0.01 * place} for place, column in enumerate(columns)},
    }
    return {"pairs": ["x"], "systems": {"mix": row, "compositional": dict(row)}}


def test_weights_are_averaged_in_the_order_of_the_gates():
    assert own_choice.mean_weights([one_with(0.0), one_with(1.0)]) == pytest.approx(
        [0.5, 0.2, 0.3, 0.4, 0.5, 0.6]
    )
    with pytest.raises(ValueError, match="no outputs"):
        own_choice.mean_weights([])


def test_only_agents_get_weights():
    made = own_choice.add_weights(results(), {"compositional": [one_with(1.0)], "mix": []})
    assert made["systems"]["compositional"]["weights"][0] == 1.0
    assert "weights" not in made["systems"]["mix"] and made["pairs"] == ["x"]


def test_table_shows_figures_and_weights():
    made = own_choice.add_weights(results(), {"compositional": [one_with(1.0)]})
    header, _, plain, agent = own_choice.agents_table(made).splitlines()
    assert header.count("|") == plain.count("|") == agent.count("|")
    for cell in ("0.50 (0.25–0.75)", "0.10", "0.40", "0.02"):
        assert f"| {cell} " in agent
    assert "1.00/0.20/0.30" in agent and "0.40/0.50/0.60" in agent
    assert plain.split("|")[-2].strip() == "–"
