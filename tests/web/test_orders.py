import dataclasses

import pytest

from compjax.compose.options import ComposeOptions
from compjax.errors import UserError
from compjax.web import orders

PAIR = {"input": "a", "target": "b"}


def test_options_have_their_python_names_and_reach_python():
    given = {
        "rhythm": "target",
        "harmony": "input",
        "timbre": "auto",
        "seed": 7,
        "style": {"density": 0.5},
        "align": False,
        "arranger": "network",
    }
    order = orders.parse({**PAIR, **given, "num_samples": 3}, 8)
    assert order.options == given and order.num_samples == 3
    assert (order.input, order.target) == ("a", "b")
    ComposeOptions(**order.options)


def test_weights_in_place_of_switches():
    assert orders.parse({**PAIR, "weights": [1, 0, 0.5, 0, 1, 1]}, 8).options["weights"] == [
        1,
        0,
        0.5,
        0,
        1,
        1,
    ]
    assert orders.parse({**PAIR, "weights": None}, 8).options == {}


def test_chords_are_text_and_never_a_file(tmp_path):
    order = orders.parse({**PAIR, "chords": "0.0 Am7/G\n2.0 C"}, 8)
    assert len(order.options["chords"].spans) == 2 and order.said["chords"].startswith("0.0 Am7")
    path = tmp_path / "chords.txt"
    path.write_text("0.0 C\n")
    with pytest.raises(UserError):
        orders.parse({**PAIR, "chords": str(path)}, 8)


def test_every_option_is_one_of_python_and_none_names_a_file():
    assert set(orders.OPTIONS) <= {field.name for field in dataclasses.fields(ComposeOptions)}
    assert not {"groove", "checkpoint", "output", "codec"} & set(orders.FIELDS)


BAD = {
    "no object": ([1], "an object"),
    "no clip": ({"input": "a"}, "no target"),
    "unknown": ({**PAIR, "tempo": 3}, "no option 'tempo'"),
    "a file": ({**PAIR, "groove": "/etc/passwd"}, "no option 'groove'"),
    "clip that is no text": ({**PAIR, "input": 3}, "input must be text"),
    "switch": ({**PAIR, "rhythm": "both"}, "rhythm must be one of"),
    "both": ({**PAIR, "rhythm": "input", "weights": [0] * 6}, "not both"),
    "too few weights": ({**PAIR, "weights": [1, 1]}, "6 weights"),
    "weights in words": ({**PAIR, "weights": ["1"] * 6}, "list of numbers"),
    "weight too large": ({**PAIR, "weights": [2, 0, 0, 0, 0, 0]}, "between 0 and 1"),
    "seed of truth": ({**PAIR, "seed": True}, "whole number"),
    "broken seed": ({**PAIR, "seed": 1.5}, "whole number"),
    "negative seed": ({**PAIR, "seed": -1}, "0 or more"),
    "endless seed": ({**PAIR, "seed": 10**30}, "whole number"),
    "style": ({**PAIR, "style": {"colour": 1}}, "no style"),
    "style in words": ({**PAIR, "style": {"density": "much"}}, "numbers by name"),
    "align": ({**PAIR, "align": "yes"}, "true or false"),
    "chords of no kind": ({**PAIR, "chords": "0.0 Hx7"}, "Hx7"),
    "no chords": ({**PAIR, "chords": ""}, "chords"),
    "endless chords": ({**PAIR, "chords": "C" * 30_000}, "chords must be text"),
    "none": ({**PAIR, "num_samples": 0}, "between 1 and 8"),
    "too many": ({**PAIR, "num_samples": 9}, "between 1 and 8"),
    "long": ({**PAIR, "rhythm": ["x" * 1000]}, "…"),
}


@pytest.mark.parametrize("body, message", BAD.values(), ids=BAD)
def test_bad_orders_are_refused_in_one_line(body, message):
    with pytest.raises(UserError) as refused:
        orders.parse(body, 8)
    text = str(refused.value)
    assert message in text and "\n" not in text and len(text) < 300
