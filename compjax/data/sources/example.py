"""Examples to train on, and what is done to them where they are latents already.

A batch is a dict of arrays, `[B, ...]`, float32 unless said otherwise:

    input_latents, target_latents   [T, 128]   the two clips, augmented
    arrangement                     [T, 128]   the rendered ground truth
    gates                           [6]        1 for the components that the switches chose
    ideal_gates                     [6]        what the selector should choose by itself
    style                           [T, 9]     the style vector and, last, its contour
    roll_onsets, roll_held          [T, 64]    the arrangement's notes: velocity at onsets, and while held
    spectra                         [2, ceil(T / 4), 300] pitch spectra of the input and the target, augmented
    salience                        [2, T, 64] pitches that sound in the input and in the target
    bass                            [2, T]     int32, pitch class of the lowest tone in each; 12: none
    hits                            [2, T, 3]  velocities of what is struck in each, by voice
    has_arrangement                 []         1 where the arrangement is a ground truth, 0 where unknown
    has_notes                       []         1 where the roll, salience and hits are known
    has_gates                       []         1 where the ideal gates are known
    sample_ids                      []         int64, stays on the host: `pipeline.Pipeline.describe` names it
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from compjax.audio.log_scale import to_latents, to_log
from compjax.audio.transforms.pitch_spectrum import BINS_PER_SEMITONE, NUM_BINS
from compjax.constants import (
    BANDS_PER_OCTAVE,
    LATENT_SIZE,
    LOG_FLOOR,
    NEUTRAL_STYLE,
    NUM_PITCHES,
    NUM_VOICES,
    STYLE_SIZE,
)
from compjax.data.rendering.analysis import Features
from compjax.music.pianoroll import rasterise, rasterise_hits
from compjax.music.style import style_over_time

FIELDS = ("latents_c", "notes_c") + tuple(
    f"{name}_{clip}"
    for name in ("latents", "spectrum", "hits", "salience", "bass", "is_kit")
    for clip in "ab"
)
SMALL_FIELDS = ("style", "switches", "ideal")
NO_BASS = 12  # in place of a pitch class
MASKS = ("has_arrangement", "has_notes", "has_gates")
RHYTHM_OF_INPUT = (0, 1, 1)
"""Switches for the rhythm of the input and the harmony and timbre of the target."""
HostBatch = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class AugmentConfig:
    """Changes of the clips that cost nothing in the latent domain; standard deviations or maxima.

    Attributes:
        tilt_db: of each of a few slow cosines over the bands (equaliser), given to the
            arrangement too where the clip lends it its timbre.
        level_db: of the clip's level.
        noise_db: range of a noise floor below full scale, which half of the clips get.
        bleed: share of pitched targets into whose pitch spectrum the input's drums are mixed, and
        bleed_db: how loud, as recordings have drums in the room.
    """

    tilt_db: float = 3.0
    level_db: float = 2.0
    noise_db: tuple[float, float] = (-95.0, -60.0)
    bleed: float = 0.3
    bleed_db: tuple[float, float] = (-30.0, -3.0)


def equaliser(generator: np.random.Generator, config: AugmentConfig) -> np.ndarray:
    """A smooth random curve over the bands, `[128]`, natural log.

    Single precision, as the clips are: one double would make doubles of them, whose exp and log NumPy has no
    vector instructions for on most processors.
    """
    order = np.arange(4)[:, None]
    waves = np.cos(np.pi * order * (np.arange(LATENT_SIZE)[None] + 0.5) / LATENT_SIZE)
    gains = generator.normal(0.0, config.tilt_db, (4, 1)) / (1.0 + order)
    gains[0] = generator.normal(0.0, config.level_db)
    return ((gains * waves).sum(axis=0) * np.log(10.0) / 20.0).astype(np.float32)


def filtered(latents: np.ndarray, curve: np.ndarray, floor: float = LOG_FLOOR) -> np.ndarray:
    """Latents `[T, 128]` after a filter (natural-log gains `[128]`), over a noise floor (magnitude)."""
    power = np.exp(2.0 * (to_log(latents) + curve))
    # What was at the digital floor stays there: silence is not amplified.
    log = 0.5 * np.log(np.maximum(power, 0.0) + floor**2)
    return to_latents(np.maximum(log, math.log(LOG_FLOOR)))


def augment(
    clip: Features, generator: np.random.Generator, config: AugmentConfig
) -> tuple[Features, np.ndarray]:
    """The clip after a random equaliser and noise floor, and the equaliser's curve `[128]`."""
    curve = equaliser(generator, config)
    noisy = generator.random() < 0.5
    floor = 10.0 ** (generator.uniform(*config.noise_db) / 20.0) if noisy else LOG_FLOOR
    heard = []
    for values, gains in ((clip.latents, curve), (clip.spectrum, on_bins(curve))):
        flicker = np.exp(generator.normal(0.0, 0.3, values.shape).astype(np.float32)) if noisy else 1.0
        heard.append(filtered(values, gains, floor * flicker))
    return Features(*heard), curve


def on_bins(curve: np.ndarray) -> np.ndarray:
    """A curve over the latents' bands `[128]` as one over the pitch spectrum's bins `[300]`."""
    places = (np.arange(NUM_BINS) - 1.0) / BINS_PER_SEMITONE * BANDS_PER_OCTAVE / 12.0
    return np.interp(places, np.arange(LATENT_SIZE), curve).astype(np.float32)


def mixed_in(spectrum: np.ndarray, other: np.ndarray, decibels: float) -> np.ndarray:
    """A pitch spectrum with another mixed in at a level; powers add."""
    power = np.exp(2.0 * (to_log(spectrum)))
    power += np.exp(2.0 * (to_log(other))) * 10.0 ** (decibels / 10.0)
    return to_latents(0.5 * np.log(power)).astype(np.float32)


def gates_of(switches: np.ndarray) -> np.ndarray:
    """Gates `[6]` of switches `[3]` for rhythm, harmony, timbre: 0 the input's, 1 the target's."""
    return np.concatenate([1.0 - switches, switches]).astype(np.float32)


ClipTriple = tuple[Features, Features, np.ndarray]
"""Input, target, and the latents `[T, 128]` of their arrangement."""


def augment_clips(
    clips: ClipTriple, timbre_of: int, generator: np.random.Generator, config: AugmentConfig | None
) -> ClipTriple:
    """Input, target and arrangement, augmented; nothing is without a config.

    The arrangement gets the equaliser of the clip that lends it its timbre: `timbre_of` 0 is the input.
    """
    if config is None:
        return clips
    (first, curve_a), (second, curve_b) = (augment(clip, generator, config) for clip in clips[:2])
    return first, second, filtered(clips[2], curve_b if timbre_of else curve_a)


def clip_fields(clips: ClipTriple) -> HostBatch:
    """What an example has of its clips."""
    return {
        "input_latents": clips[0].latents,
        "target_latents": clips[1].latents,
        "arrangement": clips[2],
        "spectra": np.stack([clips[0].spectrum, clips[1].spectrum]),
    }


def mask_fields(*, arrangement: bool, notes: bool, gates: bool) -> HostBatch:
    """What is known of one example, by the masks' names."""
    return {name: np.float32(known) for name, known in zip(MASKS, (arrangement, notes, gates), strict=True)}


def unlabelled_example(
    clips: ClipTriple, switches: tuple[int, ...], *, has_arrangement: bool, has_gates: bool
) -> HostBatch:
    """An example of recorded clips: unknown notes, neutral style."""
    frames = len(clips[2])
    gates = gates_of(np.asarray(switches))
    return {
        **clip_fields(clips if has_arrangement else (*clips[:2], np.zeros_like(clips[2]))),
        "gates": gates,
        "ideal_gates": gates,
        "style": style_over_time(np.full(STYLE_SIZE, NEUTRAL_STYLE, np.float32), frames),
        "roll_onsets": np.zeros((frames, NUM_PITCHES), np.float32),
        "roll_held": np.zeros((frames, NUM_PITCHES), np.float32),
        "salience": np.zeros((2, frames, NUM_PITCHES), np.float32),
        "bass": np.full((2, frames), NO_BASS, np.int32),
        "hits": np.zeros((2, frames, NUM_VOICES), np.float32),
        **mask_fields(arrangement=has_arrangement, notes=False, gates=has_gates),
    }


def make_example(
    raw: dict[str, np.ndarray], generator: np.random.Generator, config: AugmentConfig | None
) -> HostBatch:
    """One example of a batch from one of a shard; without a config nothing is augmented."""
    heard = [
        Features(raw[f"latents_{x}"].astype(np.float32), raw[f"spectrum_{x}"].astype(np.float32))
        for x in "ab"
    ]
    if config is not None and raw["is_kit_a"] and not raw["is_kit_b"] and generator.random() < config.bleed:
        bled = mixed_in(heard[1].spectrum, heard[0].spectrum, generator.uniform(*config.bleed_db))
        heard[1] = dataclasses.replace(heard[1], spectrum=bled)
    clips = (*heard, raw["latents_c"].astype(np.float32))
    clips = augment_clips(clips, int(raw["switches"][2]), generator, config)
    frames = len(clips[2])
    onsets, held = rasterise(raw["notes_c"], frames)
    salience = np.stack([np.unpackbits(raw[f"salience_{x}"], axis=-1) for x in "ab"])
    bass = np.stack([raw[f"bass_{x}"] for x in "ab"]).astype(np.int32)
    return {
        **clip_fields(clips),
        "gates": gates_of(raw["switches"]),
        "ideal_gates": raw["ideal"].astype(np.float32),
        "style": style_over_time(raw["style"], frames),
        "roll_onsets": onsets,
        "roll_held": held,
        "salience": salience.astype(np.float32),
        "bass": np.where(bass < 0, NO_BASS, bass % NO_BASS),
        "hits": np.stack([rasterise_hits(raw[f"hits_{x}"], frames) for x in "ab"]),
        **mask_fields(arrangement=True, notes=True, gates=True),
    }
