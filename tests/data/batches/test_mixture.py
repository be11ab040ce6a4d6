"""Which example stands where."""

import collections

import numpy as np
import pytest

from compjax.data.batches import mixture
from compjax.data.batches.mixture import Mixture, shares_of


def test_shares_are_those_of_the_weights():
    assert shares_of([1.0]) == (1024,)
    assert shares_of([3.0, 1.0]) == (768, 256)
    assert shares_of([1.0, 1.0, 1.0]) in {(342, 341, 341), (341, 342, 341), (341, 341, 342)}


@pytest.mark.parametrize("weights", [[1.0, 1e-9], [1e-9, 1e-9, 5.0], [0.3, 0.2, 0.5, 1e-5]])
def test_every_source_gets_something(weights):
    shares = shares_of(weights)
    assert sum(shares) == mixture.PERIOD and min(shares) >= 1


def test_a_period_has_each_source_in_proportion_and_counts_through():
    mixed = Mixture((100, None), (3.0, 1.0), seed=5)
    places = [mixed.locate(position) for position in range(3 * mixture.PERIOD)]
    for source, share in enumerate((768, 256)):
        numbers = [number for found, number in places if found == source]
        assert numbers == list(range(3 * share))
    first = places[: mixture.PERIOD]
    assert first != places[mixture.PERIOD : 2 * mixture.PERIOD]
    runs = [
        len(list(group))
        for group in np.split(np.arange(1024), np.flatnonzero(np.diff([s for s, _ in first])) + 1)
    ]
    assert max(runs) < 64  # mixed, not one after the other


def test_an_epoch_has_each_row_once_in_another_order():
    mixed = Mixture((7,), (1.0,), seed=1)
    epochs = [[mixed.row(0, epoch * 7 + i) for i in range(7)] for epoch in range(3)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert [Mixture((7,), (1.0,), 1, shuffled=False).row(0, i) for i in range(9)] == [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        0,
        1,
    ]


def test_an_endless_source_goes_on():
    mixed = Mixture((None,), (1.0,), seed=1)
    assert [mixed.row(*mixed.locate(position)) for position in (0, 5, 10**9)] == [0, 5, 10**9]


def test_seeds_give_other_orders():
    orders = [tuple(Mixture((50,), (1.0,), seed).row(0, i) for i in range(50)) for seed in (0, 1)]
    assert orders[0] != orders[1]
    assert collections.Counter(orders[0]) == collections.Counter(orders[1])
