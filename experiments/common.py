"""What the experiments with an agent have in common; each sets what is its own. Not an experiment itself.

An experiment calls it by `runpy`, beside its own file, so that it can be read from anywhere.
"""

from collections.abc import Mapping

from ml_collections import ConfigDict


def agent_experiment(
    name: str, settings: Mapping, losses: Mapping, num_steps: int, learning_rate: float, warmup_steps: int = 0
) -> ConfigDict:
    """The configuration of an agent with every field that there is, at its usual value.

    Args:
        name: of the agent (compjax/models/registry.py).
        settings: of the agent, those that may be set from the command line.
        losses: weight by name: a number or a schedule, {"start", "end", "begin", "finish"} (a ramp) or
            {"steps", "values"} (jumps). A loss that is not named is not taken.
        num_steps: length of the run, and of the learning rate's decay.
        learning_rate: the highest, after `warmup_steps`.
        warmup_steps: in which the rate rises from 0.
    """
    config = ConfigDict()
    config.kind = "agent"
    config.seed = 0
    config.batch_size = 8  # clips, over all devices of all hosts
    config.num_steps = num_steps
    config.log_every = 25
    config.validate_every = 500
    config.ema_decay = 0.999
    config.start_from = ""  # weights to begin with: --checkpoint
    config.codec = "vocos"
    config.codec_weights = ""

    config.agent = ConfigDict({"name": name, "settings": dict(settings)})
    config.optimizer = ConfigDict(
        {
            "learning_rate": learning_rate,
            "warmup_steps": warmup_steps,
            "decay_steps": num_steps,
            "weight_decay": 0.01,
            "clip_norm": 1.0,
        }
    )
    config.losses = ConfigDict(dict(losses))
    config.objective = ConfigDict(
        {
            "decoded_seconds": 1.0,  # of each clip that a loss on sound hears in a step
            "gate": "sigmoid",
            # Steps over which losses on sound and adversaries come in; 0, 0: at once.
            "late": {"begin": 0, "finish": 0},
            # noise and lead keep the critics in balance (training/agent/critics.py)
            "critics": {"learning_rate": 1e-4, "audio_width": 32, "noise": 0.1, "lead": 0.6},
        }
    )
    config.data = ConfigDict({"train": "data/train", "dev": "data/dev", "augment": True, "dev_examples": 64})
    config.step = ConfigDict({"accumulate": 1, "compute_dtype": "float32", "remat": False})
    config.mesh = ConfigDict({"data": -1, "fsdp": 1})  # -1: all devices that are left
    config.loop = ConfigDict(
        {
            "workers": 0,  # processes that make batches on each host; 0: a thread
            "save_every": 0,  # 0: as often as validations
            "probe_every": 0,  # steps between measurements of every loss's own gradient
            "epoch_steps": 0,  # 0: once through the data
            "keep_latest": 2,
            "keep_best": 1,
        }
    )
    # Validation clips that are decoded and judged like compjax-evaluate's, and whether baselines are.
    config.auditions = ConfigDict({"clips": 2, "baselines": True})
    return config
