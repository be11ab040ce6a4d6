"""Lets the tests beside it import `fakes` of the inference tests."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parents[1] / "inference"))
