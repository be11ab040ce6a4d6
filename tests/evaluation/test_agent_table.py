import pytest

from compjax.evaluation import agent_table
from compjax.measures.joint_score import FACTORS


def weights(first: float) -> dict:
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
    assert agent_table.mean_weights([weights(0.0), weights(1.0)]) == pytest.approx(
        [0.5, 0.2, 0.3, 0.4, 0.5, 0.6]
    )
    with pytest.raises(ValueError, match="no outputs"):
        agent_table.mean_weights([])


def test_only_agents_get_weights():
    made = agent_table.add_weights(results(), {"compositional": [weights(1.0)], "mix": []})
    assert made["systems"]["compositional"]["weights"][0] == 1.0
    assert "weights" not in made["systems"]["mix"] and made["pairs"] == ["x"]


def test_table_shows_figures_and_weights():
    made = agent_table.add_weights(results(), {"compositional": [weights(1.0)]})
    header, _, plain, agent = agent_table.table(made).splitlines()
    assert header.count("|") == plain.count("|") == agent.count("|")
    for cell in ("0.50 (0.25–0.75)", "0.10", "0.40", "0.02"):
        assert f"| {cell} " in agent
    assert "1.00/0.20/0.30" in agent and "0.40/0.50/0.60" in agent
    assert plain.split("|")[-2].strip() == "–"
