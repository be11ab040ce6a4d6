"""The transformer that writes notes: three-scale extractors, gates, transformer, piano-roll head.

Command:   compjax-train --config=experiments/transformer.py --workdir=runs/transformer
Hardware:  one CPU core is enough.
Data:      none: pairs are drawn as they are needed, never rendered, and heard with the mistakes that hearing
           makes. No soundfont and no recording is needed.

It composes from what the bundled agent hears: `compjax-compose --checkpoint runs/transformer/transformer.npz`
and, judged, `compjax-evaluate --rendered=16 --seed=5 --others=transformer=runs/transformer/transformer.npz`.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """The configuration; every field can be set with --config.<field>=<value>."""
    config = ConfigDict()
    config.kind = "notes"
    config.seed = 0
    config.batch_size = 8
    config.num_steps = 4000
    config.log_every = 25
    config.validate_every = 100
    config.validation_batches = 8
    config.validate_heard = ""  # file of rendered dev pairs to validate on; else on drawn ones
    config.start_from = ""  # weights to begin with: --checkpoint
    config.agent = ConfigDict({"size": 128, "layers": 3, "patch": 6, "head_width": 64, "head_layers": 3})
    config.optimizer = ConfigDict(
        {
            "learning_rate": 2e-3,
            "warmup_steps": 60,
            "decay_steps": config.num_steps,
            "weight_decay": 0.01,
            "clip_norm": 1.0,
        }
    )
    config.step = ConfigDict(
        {"positive_weight": 2.0, "ema_decay": 0.998, "onsets": 1.0, "velocities": 1.0, "lengths": 0.5}
    )
    config.step.selector = 0.1
    config.step.told = True  # of the switches; else the selector's own gates are used and learned
    config.data = ConfigDict({"seed": 0, "pairs": 2000, "moments": 12, "styles": 4, "usual": 0.7})
    config.data.first_pairs = 16  # with which it begins; each step draws one more
    config.data.switches = "drawn"  # or "ideal", with told=False
    config.data.update({"heard": "", "heard_share": 0.6})  # rendered pairs: training/notes/heard.py
    config.data.update({"scores": "", "scores_share": 0.3})  # real pieces: training/notes/scores.py
    config.mesh = ConfigDict({"data": -1, "fsdp": 1})
    config.loop = ConfigDict({"save_every": 0, "epoch_steps": 0, "keep_latest": 2, "keep_best": 1})
    return config
