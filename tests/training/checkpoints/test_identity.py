"""Going on with another configuration, data or version."""

import pytest

from compjax.errors import UserError
from compjax.training.checkpoints.identity import check_same_run

CONFIG = {"seed": 0, "num_steps": 4, "optimizer": {"rate": 0.1, "warmup": 2}, "data": {"train": "a"}}
FINGERPRINT = {"config": CONFIG, "data": "abc", "versions": {"jax": "0.10.2"}}
META = {"step": 4, "fingerprint": FINGERPRINT}


def other(**changes):
    return {**FINGERPRINT, "config": {**CONFIG, **changes}}


def test_the_same_run_goes_on():
    check_same_run(META, FINGERPRINT, ())


def test_more_steps_change_no_step():
    check_same_run(META, other(num_steps=8), ())


def test_every_difference_is_a_line_and_can_be_allowed():
    now = other(seed=1, optimizer={"rate": 0.2, "warmup": 2}) | {"data": "xyz"}
    with pytest.raises(UserError) as refused:
        check_same_run(META, now, ())
    lines = str(refused.value).splitlines()
    assert lines[1:4] == [
        "  optimizer.rate: 0.1 there, 0.2 here",
        "  seed: 0 there, 1 here",
        "  data: the files are not the same (abc there, xyz here)",
    ]
    assert lines[4].endswith("--allow_changed=optimizer.rate,seed,data")
    check_same_run(META, now, ("optimizer.rate", "seed", "data"))
    check_same_run(META, now, ("optimizer", "seed", "data"))
    with pytest.raises(UserError, match="seed"):
        check_same_run(META, now, ("optimizer", "data"))


def test_a_new_field_is_a_difference():
    with pytest.raises(UserError, match="extra: 'not set' there, 3 here"):
        check_same_run(META, other(extra=3), ())


def test_another_version_is_only_a_warning(caplog):
    check_same_run(META, {**FINGERPRINT, "versions": {"jax": "0.11.0"}}, ())
