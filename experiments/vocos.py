"""The bundled codec `vocos`: 3.9 M weights, 128 log-spaced bands at 75 Hz to 24 kHz audio.

Data:      launch/fetch_music.sh MUSIC fetches hours of freely licensed recordings; decode them, and
           renderings of soundfonts (drum kits and melodic instruments, alone and together, with
           silences), into one folder each for training and validation: any files libsndfile reads,
           or int16 arrays at 24 kHz (.npy), which are memory-mapped and so quicker to begin with.
Command:   compjax-train --config=experiments/vocos.py --workdir=runs/vocos
           (folders: --config.run.train="('A', 'B')" --config.run.valid="('C', 'D')")
Judge:     python -m compjax.codec.quality --audio=C --audio=D --weights=runs/vocos/vocos.npz
Install:   compjax.codec.weights.install('runs/vocos/vocos.npz', 'vocos.npz')
Hardware:  one CPU core. The bundled weights took about 2,650 steps over 100 minutes on a share of a
           busy core (0.4 to 0.9 steps a second); see compjax/docs/experiments-log.md for their scores.

The discriminators are off here, for want of time on a CPU. With an accelerator, set
`training.audio_from` and `training.adversarial_from` to the step from which they should take part.
"""

import ml_collections


def get_config() -> ml_collections.ConfigDict:
    """The experiment: `run` (data, seed, reporting) and `training` (codec, losses, optimiser)."""
    config = ml_collections.ConfigDict()
    config.kind = "codec"
    config.run = ml_collections.ConfigDict()
    config.run.train = ("data/train/recorded", "data/train/rendered")  # each drawn from equally often
    config.run.valid = ("data/valid/recorded", "data/valid/rendered")
    config.run.seed = 0
    config.run.validate_every = 250
    config.run.start_from = ""  # weights to go on from

    config.training = training = ml_collections.ConfigDict()
    training.codec = dict(dim=256, layers=8, ffn=768, n_fft=1280, refine_steps=8, bands=dict(spacing="log"))
    training.batch_size = 16
    training.frames = 64  # 0.85 s
    training.steps = 4000
    training.learning_rate = 1e-3
    training.warmup = 200
    training.ema = 0.999
    training.magnitude_weight = 1.0
    training.convergence_weight = 0.5
    training.pooled_weight = 0.5
    training.advance_weight = 0.5
    training.tilt_weight = 0.25
    training.audio_from = ml_collections.config_dict.placeholder(int)
    training.adversarial_from = ml_collections.config_dict.placeholder(int)
    training.discriminator = dict(width=32, period_growth=(1, 4, 16, 32, 32))
    return config
