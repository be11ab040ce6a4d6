"""The masking agent, the original's older one: the baseline that mixes and does not compose.

Command:   compjax-train --config=experiments/masking.py --workdir=runs/masking
Data:      as in experiments/arranging.py.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    config = ConfigDict()
    config.kind = "agent"
    config.seed = 0
    config.batch_size = 8
    config.num_steps = 10_000
    config.log_every = 25
    config.validate_every = 500
    config.ema_decay = 0.999

    config.agent = ConfigDict({"name": "masking", "settings": {}})
    config.optimizer = ConfigDict({"learning_rate": 1e-4, "warmup_steps": 0, "decay_steps": 10_000})
    config.losses = ConfigDict({"latent": 1.0, "novelty": 0.0, "regulariser": 0.1})
    config.data = ConfigDict({"train": "data/train", "dev": "data/dev", "augment": True, "dev_examples": 64})
    return config
