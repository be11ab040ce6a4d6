import pytest

from compjax.web.steps import Steps

ONCE = ("read", "align", "report", "encode", "listen", "select")
EACH = ("compose", "render", "decode", "report")


def test_progress_grows_from_nothing_to_all():
    steps = Steps(3, lambda: None)
    seen = [steps.share]
    for phase in (*ONCE, *EACH * 3):
        steps(phase, 0, 2)
        steps(phase, 1, 2)
        steps(phase, 2, 2)
        seen.append(steps.share)
        assert steps.phase == phase and steps.words
    assert seen[0] == 0.0 and seen[-1] == pytest.approx(1.0)
    assert all(earlier < later for earlier, later in zip(seen, seen[1:], strict=False))


def test_phases_that_nobody_planned_do_no_harm():
    steps = Steps(1, lambda: None)
    steps("encode", 1, 1)
    share = steps.share
    steps("polish", 1, 2)
    steps("read", 1, 1)  # long over
    assert steps.share == share and steps.phase == "encode"


def test_a_check_that_raises_stops_the_work():
    def check():
        raise KeyError

    with pytest.raises(KeyError):
        Steps(1, check)("read", 0, 1)
