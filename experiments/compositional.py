"""The compositional agent at the original's size: extractors, gates, transformer, cascade, piano-roll head.

Command:   compjax-train --config=experiments/compositional.py --workdir=checkpoints_compositional
Hardware:  an accelerator; on a CPU set --config.agent.settings.size=small and expect days.
Data:      as in experiments/arranging.py.

The losses on sound and the adversarial one have the original's weights (--loss_weight_spectral,
--mask_reg_weight, --gan_weight); here they are taken against the rendered arrangement, and come in when the
roll has been learned: they say little of notes that are wrong.
"""

import pathlib
import runpy

from ml_collections import ConfigDict

agent_experiment = runpy.run_path(str(pathlib.Path(__file__).with_name("common.py")))["agent_experiment"]

LOSSES = {
    "latent": 1.0,
    "spectral": 0.01,
    "novelty": 0.1,
    "adversarial": 0.01,
    "roll_onsets": 4.0,
    "roll_frames": 4.0,
    "roll_velocities": 0.2,
    "selector": 0.1,
    "regulariser": 0.0,  # the original's own formula, reported to be compared
}


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    settings = {"size": "original", "stages": 2, "layers": 4}
    config = agent_experiment("compositional", settings, LOSSES, 100_000, 3e-4, warmup_steps=500)
    config.objective.late.begin, config.objective.late.finish = 20_000, 30_000
    config.loop.probe_every = 500
    return config
