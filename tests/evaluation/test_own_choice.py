import pytest

from compjax.evaluation import own_choice
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
