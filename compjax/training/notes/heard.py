"""What is really heard in rendered pairs, kept for training the transformer on it.

    compjax-render --output=data/train --num_examples=768 --split=train
    python -m compjax.training.notes.heard --data=data/train --output=data/heard_train.npz --copies=2
    compjax-train --config=experiments/transformer.py --workdir=DIR --config.data.heard=data/heard_train.npz

Every pair is heard `copies` times by the bundled agent, each time with another equaliser, noise and bleed, as
in training; with --noaugment as it is, for pairs to be judged on. The file holds `frames` `[N, 2, T, 62]`
float16, see `models/composing/factor_frames.py`, and `seeds` `[N]`, by which the pairs are drawn again.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable, Iterator

import numpy as np
from absl import flags, logging

from compjax import command
from compjax.arranging.steering import Steering
from compjax.arranging.transformer import frames_of
from compjax.codec.weights import ASSETS, load_weights
from compjax.constants import SILENT_LATENT
from compjax.data.rendering.analysis import Features
from compjax.data.sources.example import AugmentConfig, augment, mixed_in
from compjax.errors import UserError
from compjax.files import atomic_path
from compjax.hearing.listener import Listener
from compjax.hearing.sound import LEAD_IN, Sound
from compjax.models.registry import Blueprint

HEARING = ASSETS / "compositional.npz"
CLIPS = ("a", "b")
FEATURES = ("latents", "spectrum")
STRIDE = 4  # latent frames in one of the pitch spectrum

Shard = dict[str, np.ndarray]


def make_listener(path: pathlib.Path = HEARING) -> Listener:
    """The ears of the bundled agent."""
    config, variables = load_weights(path)
    return Listener(Blueprint.of(config["agent"], config["settings"]), variables)


def led_in(clip: Features) -> Sound:
    """A rendered clip as hearing wants it: after a little silence."""
    before = ((LEAD_IN, clip.latents), (LEAD_IN // STRIDE, clip.spectrum))
    padded = (np.pad(x, [(n, 0), (0, 0)], constant_values=SILENT_LATENT) for n, x in before)
    return Sound(*(x.astype(np.float32) for x in padded))


def clips_of(shard: Shard, row: int, generator: np.random.Generator | None) -> list[Features]:
    """Input and target of a shard's row, with drums bled into the target and augmented if one draws."""
    clips = [Features(*(shard[f"{what}_{x}"][row].astype(np.float32) for what in FEATURES)) for x in CLIPS]
    if generator is None:
        return clips
    config = AugmentConfig()
    mixes = shard["is_kit_a"][row] and not shard["is_kit_b"][row]
    if mixes and generator.random() < config.bleed:
        level = generator.uniform(*config.bleed_db)
        clips[1] = Features(clips[1].latents, mixed_in(clips[1].spectrum, clips[0].spectrum, level))
    return [augment(clip, generator, config)[0] for clip in clips]


def hear_shard(shard: Shard, listen: Callable, copy: int | None) -> Iterator[np.ndarray]:
    """`[2, T, 62]` of every row; `copy` draws what is done to the clips, None leaves them."""
    generator = None if copy is None else np.random.default_rng([copy, int(shard["seed"][0])])
    for row in range(len(shard["seed"])):
        clips = clips_of(shard, row, generator)
        yield np.stack([frames_of(listen(led_in(clip)), Steering()) for clip in clips]).astype(np.float16)


def hear_all(folder: str, copies: int, augmented: bool) -> dict[str, np.ndarray]:
    """Every shard of a folder, `copies` times.

    Raises:
        UserError: if there is none.
    """
    paths = sorted(pathlib.Path(folder).glob("*.npz"))
    if not paths:
        raise UserError(f"--data={folder}: there are no rendered examples; make some with compjax-render")
    listen, frames, seeds = make_listener().hear, [], []
    for copy in range(copies):
        for path in paths:
            logging.info("copy %d of %d, %s", copy + 1, copies, path.name)
            with np.load(path) as stored:
                shard = dict(stored)
            frames.append(np.stack(list(hear_shard(shard, listen, copy if augmented else None))))
            seeds.append(shard["seed"])
    return {"frames": np.concatenate(frames), "seeds": np.concatenate(seeds)}


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("data", None, "Folder of rendered examples.", values, required=True)
    flags.DEFINE_string("output", None, "File to write.", values, required=True)
    flags.DEFINE_integer("copies", 1, "How often each pair is heard.", 1, flag_values=values)
    flags.DEFINE_bool("augment", True, "With another equaliser, noise and bleed each time.", values)
    return values


def write(values: flags.FlagValues) -> None:
    """Hear what the flags name, and keep it."""
    heard = hear_all(values.data, values.copies, values.augment)
    with atomic_path(values.output) as path, open(path, "wb") as file:
        np.savez(file, **heard)


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return command.run_strict("compjax.training.notes.heard", __doc__, define_flags, write, argv)


if __name__ == "__main__":
    sys.exit(run())
