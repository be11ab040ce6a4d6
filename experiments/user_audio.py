"""Training on your own recordings, without notes and without arrangements.

Command:   compjax-train --config=experiments/user_audio.py --workdir=runs/mine \\
               --config.data.train.music.folder=MUSIC
           (pairs of clips: --config.data.train.pairs.folder=PAIRS, which holds pair_0000_input.wav,
           pair_0000_target.wav, pair_0001_input.wav ...)
Hardware:  two CPU cores will do for some hours of music (compjax/docs/training.md: time and memory).
Data:      any folder of audio files, as it is; both kinds of folder can be given at once.

A clip whose pitch is destroyed gives the rhythm, the same clip with its onsets smeared the harmony and
timbre, and the clip itself is the arrangement. For pairs of different clips, of which no arrangement is
known, each factor is compared with the clip that it is taken from.
"""

import pathlib
import runpy

from ml_collections import ConfigDict

agent_experiment = runpy.run_path(str(pathlib.Path(__file__).with_name("common.py")))["agent_experiment"]

LOSSES = {
    "latent": 1.0,
    "spectral": 0.0,
    "factor_rhythm": 0.3,
    "factor_harmony": 0.3,
    "factor_timbre": 0.3,
    "novelty": 0.1,  # there is no arrangement to be pulled away from
    "selector": 0.1,
    "regulariser": 0.0,
}


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    settings = {"size": "small", "stages": 0, "layers": 4}
    config = agent_experiment("compositional", settings, LOSSES, 20_000, 3e-4, warmup_steps=200)
    sources = {
        "music": {"folder": "", "weight": 1.0, "unpaired": 0.2},
        "pairs": {"folder": "", "weight": 1.0},
    }
    config.data = ConfigDict(
        {"train": sources, "dev": {}, "augment": True, "dev_examples": 32, "seconds": 4.0}
    )
    return config
