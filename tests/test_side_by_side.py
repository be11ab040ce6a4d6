"""Pieces of work side by side: their results in order, their errors where they are waited for."""

import contextvars
import threading
import time

import pytest

from compjax import progress
from compjax.side_by_side import side_by_side, two_at_a_time

MARK = contextvars.ContextVar("mark", default="")


def test_results_are_in_the_order_of_the_pieces():
    met = threading.Barrier(3, timeout=10)  # it breaks unless all three run at once

    def piece(number):
        met.wait()
        return number

    assert side_by_side(lambda: piece(0), lambda: piece(1), lambda: piece(2)) == (0, 1, 2)


def test_one_piece_alone():
    assert side_by_side(lambda: 3) == (3,)


def fail(message):
    raise ValueError(message)


def test_the_first_error_is_raised_once_all_are_over():
    over = []
    with pytest.raises(ValueError, match="second"):
        side_by_side(lambda: 1, lambda: fail("second"), lambda: over.append(1) or fail("third"))
    with pytest.raises(ValueError, match="first"):
        side_by_side(lambda: fail("first"), lambda: over.append(2), lambda: fail("third"))
    assert over == [1, 2]


def test_pieces_see_the_context_but_only_the_first_tells_how_far_it_is():
    told = []
    MARK.set("here")
    with progress.told_to(lambda phase, done, total: told.append(done)):
        found = side_by_side(lambda: progress.advance(1, 3), lambda: progress.advance(2, 3), MARK.get)
    assert told == [1] and found[2] == "here"


def test_two_at_a_time_and_no_more_ahead_than_are_used():
    running, begun, most = set(), [], 0

    def work(item):
        nonlocal most
        running.add(item)
        begun.append(item)
        most = max(most, len(running))
        time.sleep(0.02)
        running.discard(item)
        return item * item

    found = two_at_a_time(work, range(20))
    assert [next(found), next(found)] == [0, 1]
    time.sleep(0.2)
    assert len(begun) <= 5
    assert list(found) == [item * item for item in range(2, 20)]
    assert most == 2


def test_an_error_comes_where_its_item_would():
    found = two_at_a_time(lambda item: fail("third") if item == 2 else item, range(5))
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="third"):
        next(found)
