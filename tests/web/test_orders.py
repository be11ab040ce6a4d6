import dataclasses

import pytest

from compjax.compose.asked.options import ComposeOptions
from compjax.errors import UserError
from compjax.music.score import Note
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


def test_hits_and_notes_are_given_as_numbers():
    hits = [[1.0, 2, 0.5], [0.25, 0, 1.0, 0.5]]
    order = orders.parse({**PAIR, "hits": hits, "notes": [[0.5, 1.0, 60, 0.8, 1]], "variation": 3}, 8)
    assert [(hit.time, hit.voice, hit.length) for hit in order.hits.hits] == [(0.25, 0, 0.5), (1.0, 2, 0.25)]
    assert order.notes == (Note(0.5, 1.0, 60, 0.8),) and order.notes[0].voice == 1 and order.variation == 3
    assert orders.parse(PAIR, 8).hits is None and orders.parse({**PAIR, "hits": None}, 8).notes is None


def test_roles_stems_and_the_form_of_the_sound_are_taken():
    given = {"roles": {"high": "top"}, "stems": True, "output_rate": 48000, "channels": 2, "bit_depth": "24"}
    assert orders.parse({**PAIR, **given}, 8).options == given


def test_tempo_key_and_grids_are_taken():
    given = {"input_bpm": 90, "input_meter": "7/8", "target_downbeat": 0.5, "bpm": 128.0, "transpose": -3}
    given |= {"quantize": 16, "quantize_strength": 0.5, "swing": 0.6, "loop": True, "bars": 4}
    assert orders.parse({**PAIR, **given}, 8).options == given


BAD = {
    "no hits": ({**PAIR, "hits": []}, "hits must be 1 to"),
    "hit that is none": ({**PAIR, "hits": [[1, 2]]}, "number 1 of the hits"),
    "hit in words": ({**PAIR, "hits": [["0", 1, 1]]}, "the time of hit 1 must be a number"),
    "voice": ({**PAIR, "hits": [[0, 3, 1]]}, "the voice of hit 1"),
    "velocity": ({**PAIR, "hits": [[0, 0, 1], [0, 1, 2]]}, "the velocity of hit 2"),
    "endless hit": ({**PAIR, "hits": [[float("inf"), 0, 1]]}, "must be a number"),
    "notes in words": ({**PAIR, "notes": "all"}, "notes must be a list"),
    "note backwards": ({**PAIR, "notes": [[1, 0.5, 60, 1]]}, "the end of note 1"),
    "pitch": ({**PAIR, "notes": [[0, 1, 200, 1]]}, "the pitch of note 1"),
    "variation": ({**PAIR, "variation": -1}, "variation must be between 0"),
    "meter": ({**PAIR, "input_meter": "often"}, "input_meter"),
    "tempo": ({**PAIR, "bpm": [120]}, "bpm must be text, a number"),
    "role": ({**PAIR, "roles": {"high": "drums"}}, "the role of high"),
    "roles": ({**PAIR, "roles": ["top"]}, "roles must be"),
    "rate": ({**PAIR, "output_rate": 96000}, "output_rate"),
    "silence": ({**PAIR, "weights": [0] * 6}, "all six weights are 0"),
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
