"""The masking agent, the original's older one: the baseline that mixes and does not compose.

Command:   compjax-train --config=experiments/masking.py --workdir=runs/masking
Hardware:  two CPU cores are enough.
Data:      as in experiments/arranging.py.
"""

import pathlib
import runpy

from ml_collections import ConfigDict

agent_experiment = runpy.run_path(str(pathlib.Path(__file__).with_name("common.py")))["agent_experiment"]


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    losses = {"latent": 1.0, "novelty": 0.0, "regulariser": 0.1, "mask_balance": 0.0}
    return agent_experiment("masking", {}, losses, 10_000, 1e-4)
