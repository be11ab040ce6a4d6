"""Notes of arrangers beside the truth."""

import dataclasses

import pytest

from compjax.data.drawing import swaps
from compjax.evaluation.written import by_arranger
from compjax.evaluation.written.by_arranger import Agreement, agreement


def test_octaves_count_for_notes_and_not_for_classes():
    pair = swaps.draw_pair(3)
    truth = by_arranger.within(swaps.arrange_swap(pair, (0, 1, 1), pair.style))
    higher = [dataclasses.replace(note, pitch=note.pitch + 12) for note in truth]
    assert agreement(truth, truth) == Agreement(1.0, 1.0, 1.0)
    moved = agreement(truth, higher)
    assert moved.note_f1 < 0.5 and moved.class_f1 == moved.onset_f1 == 1.0
    late = agreement(truth, [dataclasses.replace(note, start=note.start + 0.2) for note in truth])
    assert late.onset_f1 < 1.0 and late.note_f1 < 1.0


def test_means_are_those_of_a_group_and_of_all():
    rows = [
        {"group": by_arranger.MAIN, "agreement": {"rules": Agreement(1.0, 1.0, 1.0)}},
        {"group": by_arranger.REST, "agreement": {"rules": Agreement(0.0, 0.5, 1.0)}},
    ]
    summary = by_arranger.summarise(rows)
    assert summary[by_arranger.MAIN]["rules"]["note_f1"] == 1.0
    assert summary[by_arranger.ALL]["rules"]["note_f1"] == pytest.approx(0.5)
    assert summary[by_arranger.ALL]["rules"]["pairs"] == 2
    assert "| all (2)" in by_arranger.table(summary)
