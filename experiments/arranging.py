"""The arranging agent, which ships: hears hits, pitches and timbre, composes notes, renders them.

Command:   compjax-render --output=data/train --num_examples=16384 --split=train
           compjax-render --output=data/dev --num_examples=256 --split=dev
           compjax-train --config=experiments/arranging.py --workdir=runs/arranging
Hardware:  two CPU cores are enough; BUILD_NOTES.md says how the bundled one came about.
"""

import pathlib
import runpy

from ml_collections import ConfigDict

agent_experiment = runpy.run_path(str(pathlib.Path(__file__).with_name("common.py")))["agent_experiment"]

LOSSES = {
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


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    config = agent_experiment("arranging", {}, LOSSES, 5000, 2e-3, warmup_steps=100)
    config.agent.given = ("gates", "style", "spectra")
    config.validate_every = 250
    config.ema_decay = 0.998
    return config
