"""Fitting the model to a clip: a few dozen steps of Adam on the clip's log bands.

One program for all clips: `FRAMES` frames and `MOST_NOTES` notes, what is missing being weighed with 0.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from compjax.constants import FRAME_RATE, LATENT_SIZE
from compjax.exported import Exported
from compjax.hearing.excerpt import FRAMES
from compjax.hearing.notes import HeardNote
from compjax.instrument.model import KNOTS, NoteTable, Parameters, band_power, initial, knot_map, responses

MOST_NOTES = 64
FIRST, SECOND = 0.9, 0.98  # decay of Adam's two moments
Array = jax.Array

SMOOTH = ("envelope", "noise", "burst", "floor", "fast", "slow", "share", "release")
"""What changes slowly over frequency."""


@dataclasses.dataclass(frozen=True)
class FittingConfig:
    """How the model is fitted.

    Attributes:
        steps: of Adam.
        rate: its rate, falling to a tenth.
        depth: natural log of power below the clip's loudest frames under which nothing is fitted.
        onset_weight: how much more the `onset_frames` frames after a stroke count.
        smooth: weight of second differences over frequency.
        shrink: weight of the numbers' squared distance from where they begin.
        latest: seconds by which a heard start is moved at most.
        before: seconds that a note which was not struck in the clip has sounded before it.
        softness: error in natural log of power below which it counts as its square.
    """

    steps: int = 40
    rate: float = 0.15
    depth: float = 13.0
    onset_weight: float = 2.0
    onset_frames: int = 6
    smooth: float = 0.01
    shrink: float = 0.0015
    latest: float = 0.02
    before: float = 0.3
    softness: float = 0.5


@dataclasses.dataclass(frozen=True)
class Fitted:
    """An instrument, the clip's notes as it plays them, and the loss of each step."""

    parameters: Parameters
    notes: tuple[HeardNote, ...]
    losses: np.ndarray


def fit(
    notes: Sequence[HeardNote], bands: np.ndarray, cents: float = 0.0, config: FittingConfig = FittingConfig()
) -> Fitted:
    """The instrument that explains a clip best.

    Args:
        notes: what was heard in it, at least one.
        bands: `[T, 128]` natural-log band magnitudes, T up to `FRAMES`.
        cents: its tuning above A 440.
        config: how it is fitted.
    """
    table, kept = _table(notes, config)
    response = responses(table.pitch, cents)
    power = np.zeros((FRAMES, LATENT_SIZE), np.float32)
    power[: len(bands)] = np.exp(2.0 * bands)
    floor = np.float32(np.quantile(power[: len(bands)].max(axis=1), 0.9) * np.exp(-config.depth))
    weight = _weights(table, len(bands), config)
    start = _begin(table, response, power, weight)
    given = (table, response, np.log(power + floor), floor, weight, start)
    *leaves, losses = map(np.asarray, _fitting(config)(given))
    parameters, level, shift = jax.tree.unflatten(jax.tree.structure((start, 0, 0)), leaves)
    moved = table.start + config.latest * np.tanh(shift)
    played = tuple(
        dataclasses.replace(note, start=float(moved[i]), level=float(np.exp(table.level[i] + level[i])))
        for i, note in enumerate(kept)
    )
    return Fitted(parameters, played, losses)


def prepare(config: FittingConfig = FittingConfig()) -> None:
    """Have the programs that fit ready."""
    table, response = NoteTable(*np.zeros((5, MOST_NOTES), np.float32)), responses(np.zeros(MOST_NOTES), 0.0)
    bands, weight = np.zeros((FRAMES, LATENT_SIZE), np.float32), np.zeros((FRAMES, 1), np.float32)
    _bare_power.prepare(initial(), table, response)
    _fitting(config).prepare((table, response, bands, np.float32(0.0), weight, initial()))


def _table(notes: Sequence[HeardNote], config: FittingConfig) -> tuple[NoteTable, list[HeardNote]]:
    """The loudest and longest `MOST_NOTES` notes, by start, and the same as a table."""
    ranked = sorted(notes, key=lambda n: -n.level * min(n.end - n.start, 1.0))[:MOST_NOTES]
    kept = sorted(ranked, key=lambda n: (n.start, n.pitch))
    rows = np.tile(np.float32([[-10.0], [-9.0], [60.0], [-20.0], [0.0]]), (1, MOST_NOTES))
    for i, note in enumerate(kept):
        start = note.start if note.struck else note.start - config.before
        rows[:, i] = start, note.end, note.pitch, np.log(max(note.level, 1e-6)), 1.0
    return NoteTable(*rows), kept


def _weights(table: NoteTable, frames: int, config: FittingConfig) -> np.ndarray:
    """How much each frame counts, `[FRAMES, 1]`."""
    weight = np.zeros((FRAMES, 1), np.float32)
    weight[:frames] = 1.0
    for start in table.start[table.weight > 0]:
        first = max(int(start * FRAME_RATE) - 1, 0)
        weight[first : first + config.onset_frames + 1] = config.onset_weight
    weight[frames:] = 0.0
    return weight


_bare_power = Exported(functools.partial(band_power, frames=FRAMES), "band_power")


def _begin(table: NoteTable, response: np.ndarray, power: np.ndarray, weight: np.ndarray) -> Parameters:
    """The envelope that gives the clip its mean spectrum, all else nobody's; noise and floor below it."""
    nothing = np.full(KNOTS, -40.0, np.float32)
    start = initial()
    bare = dataclasses.replace(start, envelope=0.0 * nothing, noise=nothing, burst=nothing, floor=nothing)
    heard = weight > 0
    made = np.asarray(_bare_power(bare, table, response)[0]) * heard
    knots = knot_map(KNOTS)
    own, have = knots @ (power * heard).sum(axis=0), knots @ made.sum(axis=0)
    envelope = np.log(own + 1e-14) - np.log(have + 1e-3 * have.max() + 1e-14)
    quiet = np.quantile(power[heard[:, 0]], 0.03, axis=0)
    floor = np.log(knots @ quiet / knots.sum(axis=1) + 1e-14) - 1.0
    mean = np.log(own / max(table.weight.sum(), 1.0) + 1e-14)
    found = {"envelope": envelope, "floor": floor, "noise": mean - 9.0, "burst": mean - 7.0}
    return dataclasses.replace(start, **{name: x.astype(np.float32) for name, x in found.items()})


def _loss(free, given, config: FittingConfig) -> Array:
    """How far the instrument's log bands are from the clip's, and how unlikely an instrument it is."""
    parameters, level, shift = free
    table, response, logs, floor, weight, start = given
    moved = table._replace(level=table.level + level, start=table.start + config.latest * jnp.tanh(shift))
    error = jnp.log(band_power(parameters, moved, response, FRAMES) + floor) - logs
    soft = jnp.sqrt(error**2 + config.softness**2) - config.softness
    rough = sum(jnp.sum(jnp.diff(getattr(parameters, name), 2) ** 2) for name in SMOOTH)
    apart = jax.tree.map(lambda a, b: jnp.sum((a - b) ** 2), parameters, start)
    away = sum(jax.tree.leaves(apart)) + jnp.sum(level**2) + jnp.sum(shift**2)
    return (
        jnp.sum(weight * soft) / (weight.sum() * LATENT_SIZE) + config.smooth * rough + config.shrink * away
    )


def _adam(free, gradient, moments, step: Array, config: FittingConfig):
    """One step of Adam (Kingma & Ba 2015), its rate falling along a cosine to a tenth.

    Written out because importing optax takes longer than all the steps.
    """
    remaining = 0.1 + 0.9 * 0.5 * (1.0 + jnp.cos(jnp.pi * step / config.steps))
    first = jax.tree.map(lambda m, g: FIRST * m + (1.0 - FIRST) * g, moments[0], gradient)
    second = jax.tree.map(lambda m, g: SECOND * m + (1.0 - SECOND) * g**2, moments[1], gradient)
    rate = config.rate * remaining / (1.0 - FIRST ** (step + 1.0))
    spread = 1.0 - SECOND ** (step + 1.0)
    moved = jax.tree.map(lambda x, m, v: x - rate * m / (jnp.sqrt(v / spread) + 1e-8), free, first, second)
    return moved, (first, second)


@functools.cache
def _fitting(config: FittingConfig) -> Exported:
    """`_run` with a config as a program."""
    return Exported(functools.partial(_run, config=config), "fit", (config,))


def _run(given, config: FittingConfig):
    """Parameters, changes of levels and starts (`tanh` of `latest`) after all steps, and the losses."""
    free = (given[-1], jnp.zeros(MOST_NOTES), jnp.zeros(MOST_NOTES))
    nothing = jax.tree.map(jnp.zeros_like, free)

    def step(carry, number):
        free, moments = carry
        loss, gradient = jax.value_and_grad(_loss)(free, given, config)
        return _adam(free, gradient, moments, number, config), loss

    numbers = jnp.arange(config.steps, dtype=jnp.float32)
    (free, _), losses = jax.lax.scan(step, (free, (nothing, nothing)), numbers)
    return free, losses
