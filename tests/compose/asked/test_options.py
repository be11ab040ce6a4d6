import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from compjax.compose.asked.options import ComposeOptions, parse_style, parse_weights
from compjax.errors import UserError


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"rhythm": "both"}, "rhythm must be one of input, target, auto, not 'both'"),
        ({"weights": (1, 0, 0)}, "6 weights are needed"),
        ({"weights": (1, 0, 0, 0, 1.5, 1)}, "weight of target harmony must be between 0 and 1, not 1.5"),
        ({"weights": (1, 0, 0, 0, 1, float("nan"))}, "weight of target timbre .* not nan"),
        ({"weights": (1, 0, 0, 0, 1, 1), "timbre": "input"}, "either the six weights or timbre=input"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"style": {"loudness": 1.0}}, "no style called 'loudness'; there are density, register"),
        ({"style": {"density": -0.1}}, "style density must be between 0 and 1"),
    ],
)
def test_mistakes_are_named(fields, message):
    with pytest.raises(UserError, match=message):
        ComposeOptions(**fields)


def test_parsing():
    assert parse_weights(["1", "0.5"]) == (1.0, 0.5)
    assert parse_style(["density=0.8", "bass = 0"]) == {"density": 0.8, "bass": 0.0}
    with pytest.raises(UserError, match="a weight must be a number, not 'x'"):
        parse_weights(["x"])
    with pytest.raises(UserError, match="name=value"):
        parse_style(["density"])
    with pytest.raises(UserError, match="style density must be a number, not 'high'"):
        parse_style(["density=high"])


def test_options_need_not_even_numpy():
    code = "import sys, compjax.compose.asked.options; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_what_is_set_of_the_grids():
    options = ComposeOptions(input_bpm="140", input_meter="7/8", target_downbeat=0.25)
    assert options.input_grid.bpm == 140.0 and str(options.input_grid.meter) == "7/8"
    assert options.target_grid.downbeat == 0.25 and options.target_grid.bpm is None
    assert not ComposeOptions().input_grid and options.summary()["input_meter"] == "7/8"


@pytest.mark.parametrize(
    "values, message",
    [
        ({"input_bpm": 500}, "input_bpm must be 20 to 400"),
        ({"target_bpm": "fast"}, "target_bpm must be"),
        ({"input_meter": "waltz"}, "input_meter is given as beats/note"),
        ({"target_meter": "4/5"}, "a meter is 1 to 32 beats"),
        ({"target_downbeat": "x"}, "target_downbeat must be a number"),
        ({"input_downbeat": float("nan")}, "input_downbeat must be seconds"),
    ],
)
def test_grids_that_cannot_be(values, message):
    with pytest.raises(UserError, match=message):
        ComposeOptions(**values)


@pytest.mark.parametrize(
    "weights", [np.full(6, 0.5), np.full(6, 0.5, np.float16), [np.float32(0.5)] * 6, (0.5,) * 6]
)
def test_numpy_numbers_go_wherever_pythons_do(weights):
    style = {"density": np.float64(0.25), "bass": np.array(1)}
    made = ComposeOptions(weights=weights, seed=np.int64(3), style=style, align=np.bool_(False))
    assert made.weights == (0.5,) * 6 and made.seed == 3 and made.align is False
    assert json.loads(json.dumps(made.summary()))["style"] == {"density": 0.25, "bass": 1.0}


NAMES = [field.name for field in dataclasses.fields(ComposeOptions)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weights", np.zeros((2, 6))),
        ("weights", np.full(6, np.nan)),
        ("weights", np.zeros((6, 2))),
        ("weights", 0.5),
        ("weights", "000000"),
        ("weights", [0.5, None, 0, 0, 0, 0]),
        ("seed", np.float32(1.0)),
        ("seed", np.array([1, 2])),
        ("seed", True),
        ("seed", "1"),
        ("style", {"density": "much"}),
        ("style", {"density": np.zeros(2)}),
        ("style", ["density"]),
        ("align", "no"),
        *((name, value) for name in NAMES for value in (np.array([1, 2]), [[1], {}], object())),
    ],
)
def test_what_is_no_number(field, value):
    with pytest.raises(UserError):
        ComposeOptions(**{field: value})


def test_shape_of_the_new_piece():
    import numpy as np

    options = ComposeOptions(bpm=np.float32(128), transpose=np.int64(-3), loop=np.True_, bars=4)
    assert options.shape.bpm == 128.0 and options.shape.loop and options.shape.moves
    assert type(options.transpose) is int and not ComposeOptions().shape
