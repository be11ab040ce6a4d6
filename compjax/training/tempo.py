"""Fits what hears tempo and downbeats (`compjax/hearing/tempo.py`, `meters.py`) to drawn drum clips.

    python -m compjax.training.tempo --output=grid.npz

Both are choices by softmax: the tempo's network among the periods that a clip repeats by, the downbeat's
weights among the places of a bar. Ten minutes on two cores, most of it for drawing.
"""

from __future__ import annotations

import dataclasses
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from absl import flags

from compjax import command
from compjax.data.drawing.drum_clips import DrumClip, draw_clip
from compjax.data.drawing.drum_patterns import GROOVES, DrumPattern
from compjax.data.drawing.tempo_patterns import FEELS, PLAIN
from compjax.files import atomic_path
from compjax.hearing import meters, tempo
from compjax.hearing.grid import strength
from compjax.measures.onsets import DEFAULT

RATE = DEFAULT.stft.rate
NEAR = 0.04
"""As a logarithm, how near a period is to the beat's that is meant."""


@dataclasses.dataclass(frozen=True)
class TempoFitConfig:
    """How much is drawn and how long it is fitted.

    Attributes:
        turns: clips of each groove, each feel, each plain beat (these count twice).
        inner: units of the network.
        steps: of Adam.
        rate: of learning, at first.
        decay: weight decay.
        noise: on the features, in their spread.
    """

    turns: tuple[int, int, int] = (30, 18, 16)
    inner: int = 24
    steps: int = 500
    rate: float = 2e-2
    decay: float = 3e-4
    noise: float = 0.1


def widened(pattern: DrumPattern) -> DrumPattern:
    """A groove at more tempi than its genre has."""
    low, high = pattern.tempos
    slower = 0.75 if low <= 70 else 0.9
    return dataclasses.replace(pattern, tempos=(low * slower, high * 1.15 if high < 200 else 300))


def drawn(seed: int, config: TempoFitConfig) -> list[tuple[DrumClip, np.ndarray]]:
    """Clips and their onset strength `[T, 3]`."""
    made = []
    pools = (tuple(map(widened, GROOVES)), FEELS, PLAIN * 2)
    for pool, (patterns, turns) in enumerate(zip(pools, config.turns, strict=True)):
        for turn in range(turns):
            for number, pattern in enumerate(patterns):
                generator = np.random.default_rng([seed, pool, turn, number])
                vary = pool == 0 or bool(turn % 2)
                clip = draw_clip(pattern, float(generator.uniform(6, 14)), generator, vary=vary)
                made.append((clip, strength(clip.audio)))
    return made


def fit_tempo(
    clips: list[tuple[DrumClip, np.ndarray]], config: TempoFitConfig, seed: int
) -> dict[str, np.ndarray]:
    """Mean and spread of the features, and the network's layers."""
    rows = [_choices(clip, accents) for clip, accents in clips]
    rows = [row for row in rows if row is not None]
    most, size = max(len(x) for x, _ in rows), rows[0][0].shape[1]
    features, real, right = np.zeros((len(rows), most, size)), np.zeros((len(rows), most), bool), None
    right = np.zeros_like(real)
    for place, (made, is_beat) in enumerate(rows):
        features[place, : len(made)], real[place, : len(made)] = made, True
        right[place, : len(made)] = is_beat
    mean, spread = features[real].mean(axis=0), features[real].std(axis=0) + 1e-6
    scaled = jnp.asarray(np.where(real[..., None], (features - mean) / spread, 0.0), jnp.float32)
    layers = _descend(_tempo_loss(scaled, jnp.asarray(real), jnp.asarray(right), config), size, config, seed)
    return {"mean": mean, "spread": spread, **layers}


def _choices(clip: DrumClip, accents: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Features of a clip's candidates, and which are the beat; None if none is."""
    heard = tempo.Repetition.of(accents, RATE)
    periods = np.array(tempo.candidates(heard))
    right = np.abs(np.log(periods / clip.period)) < NEAR if periods.size else np.zeros(0, bool)
    return (np.array([tempo.features(heard, p) for p in periods]), right) if right.any() else None


def _tempo_loss(features, real, right, config: TempoFitConfig):
    def loss(layers, key):
        noisy = features + config.noise * jax.random.normal(key, features.shape)
        scores = jnp.tanh(noisy @ layers["inner"] + layers["bias"][None, None]) @ layers["outer"]
        scores = jnp.where(real, scores, -1e9)
        chosen = jax.nn.logsumexp(jnp.where(right, scores, -1e9), axis=1) - jax.nn.logsumexp(scores, axis=1)
        return config.decay * sum((w**2).sum() for w in layers.values()) - chosen.mean()

    return loss


def _descend(loss, size: int, config: TempoFitConfig, seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    layers = {
        "inner": jnp.asarray(generator.normal(0.0, size**-0.5, (size, config.inner)), jnp.float32),
        "bias": jnp.zeros(config.inner),
        "outer": jnp.asarray(generator.normal(0.0, 0.1, config.inner), jnp.float32),
    }
    optimizer = optax.adam(optax.cosine_decay_schedule(config.rate, config.steps))
    state = optimizer.init(layers)

    @jax.jit
    def step(layers, state, key):
        updates, state = optimizer.update(jax.grad(loss)(layers, key), state)
        return optax.apply_updates(layers, updates), state

    for key in jax.random.split(jax.random.key(seed), config.steps):
        layers, state = step(layers, state, key)
    return {name: np.asarray(value) for name, value in layers.items()}


def fit_downbeat(clips: list[tuple[DrumClip, np.ndarray]], steps: int = 400) -> np.ndarray:
    """Weights `[25]` of what is struck around a downbeat, fitted to clips whose beats are known."""
    rows = [row for clip, accents in clips if (row := _places(clip, accents)) is not None]

    def step(weights):
        slope = 2.0 * weights
        for features, right in rows:
            likely = np.exp(features @ weights - (features @ weights).max())
            slope -= features[right] - likely / likely.sum() @ features
        return slope / len(rows)

    weights = np.zeros(rows[0][0].shape[1])
    for number in range(steps):
        weights -= 1.5 * (1 - number / steps) * step(weights)
    return weights


def _places(clip: DrumClip, accents: np.ndarray) -> tuple[np.ndarray, int] | None:
    """Features of each place of the bar, and which is the downbeat; None of a clip shorter than two bars."""
    count = 4 if clip.beats_per_bar == 2 else clip.beats_per_bar
    first = int(np.ceil(-clip.origin / clip.period - 1e-9))
    last = int((len(accents) / RATE - clip.origin) / clip.period)
    times = clip.origin + clip.period * np.arange(first, last)
    if len(times) < 2 * count:
        return None
    config = meters.MeterConfig()
    struck = meters.at_beats(np.maximum(times, 0.0), accents, RATE, config)
    return meters.around(struck, count, times[0] < config.head), -first % count


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("output", "grid.npz", "File for the numbers.", values)
    flags.DEFINE_integer("seed", 0, "Other clips are drawn.", 0, flag_values=values)
    return values


def fit(values: flags.FlagValues) -> None:
    """Draw, fit and write."""
    with atomic_path(values.output) as path:
        config = TempoFitConfig()
        clips = drawn(values.seed, config)
        made = fit_tempo(clips, config, values.seed) | {"downbeat": fit_downbeat(clips)}
        np.savez(path, **{name: value.astype(np.float32) for name, value in made.items()})


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return command.run_strict("compjax.training.tempo", __doc__, define_flags, fit, argv)


if __name__ == "__main__":
    sys.exit(run())
