"""The arranging agent, which ships: hears hits, pitches and timbre, composes notes, renders them.

Command:   compjax-render --output=data/train --num_examples=16384 --split=train
           compjax-render --output=data/dev --num_examples=256 --split=dev
           compjax-train --config=experiments/arranging.py --workdir=runs/arranging
Hardware:  two CPU cores are enough; see BUILD_NOTES.md for the time and the scores that were reached.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    config = ConfigDict()
    config.kind = "agent"
    config.seed = 0
    config.batch_size = 8
    config.num_steps = 5000
    config.log_every = 25
    config.validate_every = 250
    config.ema_decay = 0.998

    config.agent = ConfigDict({"name": "arranging", "settings": {}, "given": ("gates", "style", "spectra")})
    config.optimizer = ConfigDict({"learning_rate": 2e-3, "warmup_steps": 100, "decay_steps": 5000})
    config.losses = ConfigDict(
        {
            "latent": 1.0,
            "roll_onsets": 40.0,
            "roll_frames": 20.0,
            "roll_velocities": 2.0,
            "salience": 4.0,
            "chords": 2.0,
            "bass": 0.3,
            "hits": 10.0,
            "selector": 0.1,
            "novelty": 0.0,  # the arrangement is known: pulling away from it would be wrong; logged only
            "regulariser": 0.0,
        }
    )
    config.data = ConfigDict({"train": "data/train", "dev": "data/dev", "augment": True, "dev_examples": 64})
    return config
