"""Lets the tests beside it import `fakes`."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parent))
