"""Fits what hears tempo and downbeats (`compjax/hearing/tempo.py`, `meters.py`) to drawn drum clips.

    python -m compjax.training.tempo --output=grid.npz

All are choices by softmax: the tempo's network among the periods that a clip repeats by, the downbeat's
among the places of a bar, the meter's weights among numbers of beats. Four minutes of one core, most of it
for drawing.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import optax
from absl import flags

from compjax import command
from compjax.data.drawing.drum_clips import DrumClip, draw_clip
from compjax.data.drawing.drum_feels import draw_feel
from compjax.data.drawing.drum_patterns import GROOVES, DrumPattern
from compjax.data.drawing.tempo_patterns import FEELS, PLAIN
from compjax.files import atomic_path
from compjax.hearing import meters, tempo
from compjax.hearing.grid import strength
from compjax.measures import beats
from compjax.measures.onsets import DEFAULT

RATE = DEFAULT.stft.rate
NEAR = 0.04
"""As a logarithm, how near a period is to the beat's that is meant."""

ON_HALF = 0.12
"""Of a beat, how near tracked beats lie to the true ones, or to half-way between."""


@dataclasses.dataclass(frozen=True)
class TempoFitConfig:
    """How much is drawn and how long it is fitted.

    Attributes:
        turns: clips of each groove, each feel, each plain beat (these count twice).
        drawn: clips of patterns that are drawn by rule.
        several: networks whose scores are added, which are one whose units stand side by side.
        inner: units of each.
        steps: of Adam.
        rate: of learning, at first.
        decay: weight decay.
        noise: on the features, in their spread.
        upbeats: of so many clips one is taken from an upbeat on too.
    """

    turns: tuple[int, int, int] = (8, 6, 4)
    drawn: int = 1_200
    several: int = 2
    inner: int = 16
    steps: int = 250
    rate: float = 3e-2
    decay: float = 3e-4
    noise: float = 0.1
    upbeats: int = 4


DOWNBEAT_FIT = TempoFitConfig(inner=8, decay=3e-3, noise=0.3, rate=1e-2)
"""How the downbeat's network is fitted: its clips are as many as the tempo's, its features less alike."""


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
    for number in range(config.drawn):
        generator = np.random.default_rng([seed, len(pools), number])
        pattern = draw_feel(generator)
        clip = draw_clip(pattern, float(generator.uniform(6, 14)), generator, vary=bool(number % 2))
        made.append((clip, strength(clip.audio)))
    return made


def fit_tempo(
    clips: list[tuple[DrumClip, np.ndarray]], config: TempoFitConfig, seed: int
) -> dict[str, np.ndarray]:
    """The network that tells which period is the beat."""
    rows = [_choices(clip, accents) for clip, accents in clips]
    return fit_network([row for row in rows if row is not None], config, seed)


def fit_network(
    rows: list[tuple[np.ndarray, np.ndarray]], config: TempoFitConfig, seed: int
) -> dict[str, np.ndarray]:
    """Mean and spread of features `[N, F]`, and layers by which those that are right `[N]` are likeliest."""
    most, size = max(len(x) for x, _ in rows), rows[0][0].shape[1]
    features, real = np.zeros((len(rows), most, size)), np.zeros((len(rows), most), bool)
    right = np.zeros_like(real)
    for place, (made, is_right) in enumerate(rows):
        features[place, : len(made)], real[place, : len(made)] = made, True
        right[place, : len(made)] = is_right
    mean, spread = features[real].mean(axis=0), features[real].std(axis=0) + 1e-6
    scaled = jnp.asarray(np.where(real[..., None], (features - mean) / spread, 0.0), jnp.float32)
    loss = _choice_loss(scaled, jnp.asarray(real), jnp.asarray(right), config)
    several = [_descend(loss, size, config, seed + number) for number in range(config.several)]
    layers = {name: np.concatenate([one[name] for one in several], axis=-1) for name in several[0]}
    return {"mean": mean, "spread": spread, **layers}


def _choices(clip: DrumClip, accents: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Features of a clip's candidates, and which are the beat; None if none is."""
    heard = tempo.Repetition.of(accents, RATE)
    periods = np.array(tempo.candidates(heard))
    right = np.abs(np.log(periods / clip.period)) < NEAR if periods.size else np.zeros(0, bool)
    return (np.array([tempo.features(heard, p) for p in periods]), right) if right.any() else None


def _choice_loss(features, real, right, config: TempoFitConfig):
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


def fit_downbeat(
    clips: list[tuple[DrumClip, np.ndarray]], config: TempoFitConfig, seed: int
) -> dict[str, np.ndarray]:
    """The network that tells where bars begin, fitted to clips whose tempo and meter are known.

    Some are taken from another beat on too: drawn clips begin with a bar or anywhere, and rarely on a beat.
    """
    generator = np.random.default_rng(seed)
    later = [_from_upbeat(clip, accents, generator) for clip, accents in clips[:: config.upbeats]]
    rows = [_places(clip, accents) for clip, accents in (*clips, *later)]
    made = fit_network([row for row in rows if row is not None], config, seed)
    return {f"downbeat_{name}": value for name, value in made.items()}


def _from_upbeat(
    clip: DrumClip, accents: np.ndarray, generator: np.random.Generator
) -> tuple[DrumClip, np.ndarray]:
    """A clip from a drawn half beat on that is not the first of its bar."""
    halves = int(generator.integers(1, 2 * clip.beats_per_bar))
    frame = int(clip.first(halves / 2) * RATE)
    return dataclasses.replace(clip, origin=clip.origin - frame / RATE), accents[frame:]


def _places(clip: DrumClip, accents: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Features of the half beats of a bar, and on which bars begin; None where beats are not followed."""
    count = 4 if clip.beats_per_bar == 2 else clip.beats_per_bar
    times = beats.track(accents.sum(axis=1), tempo=60.0 / clip.period).times
    if len(times) < max(4, count):
        return None
    since = (clip.origin - times) / clip.period + np.arange(len(times))  # from the first beat to bar 0
    beside = float(np.angle(np.exp(4j * np.pi * since).mean()) / (4 * np.pi))
    if abs(beside) >= ON_HALF:
        return None
    first = round(2 * float(np.median(since - beside)))
    places = np.arange(2 * count)
    return meters.around(times, accents, RATE, count), (places - first) % (2 * clip.beats_per_bar) == 0


def fit_meter(clips: list[tuple[DrumClip, np.ndarray]]) -> np.ndarray:
    """Weights `[17]` of what speaks for so many beats to the bar."""
    choices = meters.MeterConfig().choices
    rows = ((bars.struck, bars.count) for bars in all_bars(clips))
    return fit_choice([(meters.alikeness(struck), choices.index(count)) for struck, count in rows])


def fit_choice(rows: list[tuple[np.ndarray, int]], decay: float = 1e-3, steps: int = 1500) -> np.ndarray:
    """Weights `[F]` by which the right one of several choices, features `[N, F]`, is likeliest."""
    most = max(len(features) for features, _ in rows)
    made = np.stack([np.pad(features, ((0, most - len(features)), (0, 0))) for features, _ in rows])
    real = np.stack([np.arange(most) < len(features) for features, _ in rows])
    right = made[np.arange(len(rows)), [place for _, place in rows]].mean(axis=0)
    weights, first, second = np.zeros((3, made.shape[2]))
    for step in range(1, steps + 1):  # of Adam
        scores = np.where(real, made @ weights, -np.inf)
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        slope = np.einsum("nc,ncf->f", likely, made) / len(rows) - right + 2.0 * decay * weights
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        moved = first / (1.0 - 0.9**step) / (np.sqrt(second / (1.0 - 0.999**step)) + 1e-8)
        weights = weights - 0.05 * (1.0 - step / steps) * moved
    return weights


@dataclasses.dataclass(frozen=True, eq=False)
class KnownBars:
    """What is struck on a clip's beats `[N, 6]`, and how many make a bar."""

    struck: np.ndarray
    count: int


def all_bars(clips: list[tuple[DrumClip, np.ndarray]]) -> Iterator[KnownBars]:
    """Of the clips that hold two bars and more."""
    config = meters.MeterConfig()
    for clip, accents in clips:
        count = 4 if clip.beats_per_bar == 2 else clip.beats_per_bar
        first = int(np.ceil(-clip.origin / clip.period - 1e-9))
        last = int((len(accents) / RATE - clip.origin) / clip.period)
        times = clip.origin + clip.period * np.arange(first, last)
        if len(times) >= 2 * count:
            yield KnownBars(meters.at_beats(np.maximum(times, 0.0), accents, RATE, config), count)


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
        made = fit_tempo(clips, config, values.seed)
        made |= {"meter": fit_meter(clips), **fit_downbeat(clips, DOWNBEAT_FIT, values.seed)}
        np.savez(path, **{name: value.astype(np.float32) for name, value in made.items()})


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return command.run_strict("compjax.training.tempo", __doc__, define_flags, fit, argv)


if __name__ == "__main__":
    sys.exit(run())
