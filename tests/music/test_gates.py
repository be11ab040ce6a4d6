import numpy as np
import pytest

from compjax.music import gates

SELECTED = np.tile(np.float32([0.9, 0.2, 0.3, 0.1, 0.8, 0.7]), (4, 1))


@pytest.mark.parametrize(
    "switches, expected",
    [
        (("input", "target", "target"), [1, 0, 0, 0, 1, 1]),
        (("target", "input", "input"), [0, 1, 1, 1, 0, 0]),
        (("input", "input", "input"), [1, 1, 1, 0, 0, 0]),
        (("auto", "auto", "auto"), [0.9, 0.2, 0.3, 0.1, 0.8, 0.7]),
        (("auto", "input", "target"), [0.9, 1, 0, 0.1, 0, 1]),
    ],
)
def test_switches(switches, expected):
    assert gates.needs_selector(switches, None) == ("auto" in switches)
    decided = gates.decide_gates(switches, None, 4, SELECTED if "auto" in switches else None)
    np.testing.assert_allclose(decided, np.tile(np.float32(expected), (4, 1)))


def test_weights_take_the_place_of_the_selector():
    weights = (0, 0.5, 1, 0.25, 0.75, 0.1)
    assert not gates.needs_selector(("auto",) * 3, weights)
    np.testing.assert_allclose(
        gates.decide_gates(("auto",) * 3, weights, 3),
        np.tile([0, 0.5, 1, 0.25, 0.75, 0.1], (3, 1)),
        atol=1e-7,
    )


def test_hits_of_the_rhythm_that_is_let_through():
    voices = np.eye(4, 3)  # one voice after the other, then none
    silent = np.zeros((4, 3))
    only_input = np.tile([1.0, 0, 0, 0, 1, 1], (4, 1))
    np.testing.assert_allclose(gates.mixed(only_input, "rhythm", voices, silent), voices)
    np.testing.assert_allclose(gates.mixed(only_input, "rhythm", silent, voices), silent)
    np.testing.assert_allclose(gates.mixed(only_input * 0.4, "rhythm", voices, silent), voices)
    np.testing.assert_allclose(gates.mixed(only_input, "harmony", silent, voices), voices)
    mostly_target = np.tile([0.2, 0, 0, 0.8, 1, 1], (4, 1))
    np.testing.assert_allclose(gates.mixed(mostly_target, "rhythm", voices, silent), 0.25 * voices)


def test_summary_is_the_mean_over_time():
    over_time = np.array([[1, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 0]], np.float32)
    assert gates.summarize(over_time) == {
        "input": {"rhythm": 0.5, "harmony": 0.0, "timbre": 0.0},
        "target": {"rhythm": 0.0, "harmony": 1.0, "timbre": 0.5},
    }


def test_chosen_source_weighs_more():
    weights = gates.summarize(SELECTED)
    assert gates.chosen_sources(weights) == {"rhythm": "input", "harmony": "target", "timbre": "target"}
    equal = gates.summarize(np.full((2, 6), 0.5))
    assert gates.chosen_sources(equal) == {"rhythm": "input", "harmony": "target", "timbre": "target"}
    swapped = gates.summarize(SELECTED[:, [3, 4, 5, 0, 1, 2]])
    assert gates.chosen_sources(swapped) == {"rhythm": "target", "harmony": "input", "timbre": "input"}


def test_table():
    assert gates.table(gates.summarize(SELECTED)).splitlines() == [
        "Creative agent: Compositional (rhythm/harmony/timbre)",
        "            rhythm   harmony    timbre",
        "input         0.90      0.20      0.30",
        "target        0.10      0.80      0.70",
    ]


def test_timbre_is_weighted_by_its_gates_but_for_what_would_not_be_heard():
    def weights(of_input, of_target):
        return gates.timbre_weights(np.tile([1.0, 0, of_input, 0, 1, of_target], (3, 1)))

    assert weights(0.25, 0.75) == (0.25, 0.75)
    assert weights(0.5, 0.5) == (0.5, 0.5)
    assert weights(0.05, 0.95) == (0.0, 1.0) and weights(1.0, 0.0) == (1.0, 0.0)
    assert weights(0.0, 0.0) == (0.0, 1.0)
