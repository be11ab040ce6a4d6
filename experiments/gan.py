"""The compositional agent with adversaries: the original's on latents, and the codec's on decoded sound.

Command:   compjax-train --config=experiments/gan.py --workdir=runs/gan --checkpoint=AGENT
Hardware:  an accelerator.
Data:      as in experiments/arranging.py.

Meant to go on from experiments/compositional.py (--checkpoint). The adversary of sound comes in slowly, once
the one of latents has had its say; features are compared with the arrangement's.
"""

import pathlib
import runpy

from ml_collections import ConfigDict

BESIDE = pathlib.Path(__file__).parent


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    config = runpy.run_path(str(BESIDE / "compositional.py"))["get_config"]()
    config.losses.adversarial = 0.05
    config.objective.late.begin, config.objective.late.finish = 0, 1_000  # the roll has been learned
    config.losses.adversarial_audio = ConfigDict({"start": 0.0, "end": 0.1, "begin": 2_000, "finish": 6_000})
    config.losses.adversarial_features = ConfigDict(
        {"start": 0.0, "end": 0.2, "begin": 2_000, "finish": 6_000}
    )
    config.num_steps = config.optimizer.decay_steps = 30_000
    config.optimizer.learning_rate = 1e-4
    return config
