"""The whole way in minutes: a tiny compositional agent with every kind of loss.

Command:   compjax-train --config=experiments/smoke.py --workdir=w
Hardware:  two CPU cores.
Data:      none: instruments and kits are drawn from numbers, and pairs rendered as they are needed. No
           soundfont and no system library is needed; with them it sounds better (launch/speedrun.sh --smoke).

It shows that everything works, not how well: nothing worth hearing comes of so few steps.
"""

import pathlib
import runpy

from ml_collections import ConfigDict

BESIDE = pathlib.Path(__file__).parent


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    config = runpy.run_path(str(BESIDE / "compositional.py"))["get_config"]()
    config.agent.settings = ConfigDict({"size": "tiny", "stages": 1, "layers": 1})
    config.batch_size = 4
    config.num_steps = config.optimizer.decay_steps = 60
    config.optimizer.warmup_steps = 10
    config.objective.late.begin, config.objective.late.finish = 20, 40
    config.log_every, config.validate_every = 5, 30
    config.loop.probe_every = 30
    config.loop.epoch_steps = 20
    config.auditions.clips = 2
    config.data.dev_examples = 8
    config.data.train, config.data.dev = "drawn", "drawn:1"
    config.objective.decoded_seconds = 0.5
    return config
