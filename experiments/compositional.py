"""The compositional agent at the original's size: extractors, gates, transformer, cascade, piano-roll head.

Command:   compjax-train --config=experiments/compositional.py --workdir=checkpoints_compositional
Hardware:  an accelerator; on a CPU set --config.agent.settings.size=small and expect days.
Data:      as in experiments/arranging.py.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    config = ConfigDict()
    config.kind = "agent"
    config.seed = 0
    config.batch_size = 8
    config.num_steps = 100_000
    config.log_every = 25
    config.validate_every = 500
    config.ema_decay = 0.999

    config.agent = ConfigDict({"name": "compositional", "settings": {"size": "original", "stages": 2}})
    config.optimizer = ConfigDict({"learning_rate": 3e-4, "warmup_steps": 500, "decay_steps": 100_000})
    config.losses = ConfigDict(
        {
            "latent": 1.0,
            "roll_onsets": 4.0,
            "roll_frames": 4.0,
            "roll_velocities": 0.2,
            "selector": 0.1,
            "novelty": 0.0,
            "regulariser": 0.0,
        }
    )
    config.data = ConfigDict({"train": "data/train", "dev": "data/dev", "augment": True, "dev_examples": 64})
    return config
