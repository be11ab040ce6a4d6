"""How well an output keeps the factors it was asked for: rhythm, harmony, timbre, and how new it is.

In mir_eval's manner: one function a metric, each on descriptions of clips, then `evaluate`, which calls
them all. Audio `[S]` float32 at 24 kHz; times in seconds. Every clip is brought to one level first. Which
clip a factor is measured against follows from the switches: the rhythm's source is the input where the
rhythm switch says input.
"""

import dataclasses

import numpy as np

from compjax.audio.loudness import normalize_rms
from compjax.constants import SAMPLE_RATE
from compjax.measures import beats, chroma, ear, matching, novelty, onsets, timbre
from compjax.music.factors import INPUT, TARGET, Switches
from compjax.side_by_side import side_by_side

SEGMENT_SECONDS = 1.0
"""Chroma are compared in stretches of this length: half a bar at 120 beats per minute."""

CHORD_SMEAR = 0.1
"""A known chord counts as sounding this long before and after, in seconds: half the spectrum's window."""

CHORD_MEMORY = 0.25
"""A target's sounding pitch classes are those of this long before and after, in seconds."""

CHORD_THRESHOLD = 0.15
"""Amplitude, relative to the strongest pitch class, from which a class of a recording counts as sounding."""


@dataclasses.dataclass(frozen=True)
class Description:
    """Everything that is measured on one clip; `seconds` is its length."""

    seconds: float
    envelope: np.ndarray
    onsets: np.ndarray
    beats: beats.Beats
    pitch: chroma.PitchContent
    timbre: np.ndarray
    ear: ear.Hearing
    spectrum: np.ndarray


def describe(audio: np.ndarray) -> Description:
    """Description of audio `[S]`, brought to the reference level; ValueError unless it is finite and mono."""
    audio = np.asarray(audio, np.float32)
    if audio.ndim != 1 or audio.size == 0 or not np.isfinite(audio).all():
        raise ValueError(f"audio must be [S] of finite samples, not of shape {audio.shape}")
    audio = normalize_rms(audio)

    def struck() -> dict:
        envelope = onsets.strength(audio)
        times = onsets.onset_times(envelope)
        heard = ear.describe(audio, times)
        return {"envelope": envelope, "onsets": times, "beats": beats.track(envelope), "ear": heard}

    def sounding() -> dict:
        return {"pitch": chroma.describe(audio), "spectrum": novelty.spectrum(audio)}

    first, second = side_by_side(struck, sounding)
    colour = timbre.describe(audio, first["onsets"], second["pitch"])
    return Description(seconds=len(audio) / SAMPLE_RATE, timbre=colour, **first, **second)


@dataclasses.dataclass(frozen=True)
class FactorScores:
    """Scores of one output. All in [0, 1] unless said otherwise.

    More is better, save for `brightness` and `decay`, and for `gating_r2`, `mosaic_r2`, `mix_r2` and the copy
    correlations, where 1 means nothing new; `mix_weaker` is the weaker source's share of that mix (0 to 0.5).
    None where it cannot be known: note scores without notes, `named` and `spectral_distance` without the
    truth.
    """

    onset_f1: float
    onset_lag: float
    """Seconds."""
    onset_chance: float
    """The onset F-measure that the output has with the rhythm's source moved in time."""
    beat_f1: float
    envelope_cosine: float
    chroma_cosine: float
    in_chord: float
    in_chord_chance: float
    """The in-chord energy that the output has with the chords transposed."""
    timbre: float
    """Closeness to the instrument, at most 1: 0 is another instrument (see `measures.timbre`)."""
    timbre_margin: float
    """How much nearer to the chosen clip's timbre than to the other's, -1 to 1."""
    brightness: float
    """Just noticeable steps between the output's brightness and the instrument's, at least 0."""
    decay: float
    """The same of how fast the level falls between onsets."""
    gating_r2: float
    mosaic_r2: float
    mix_r2: float
    mix_weaker: float
    copy_input: float
    copy_target: float
    note_f1: float | None = None
    ngram_novelty: float | None = None
    named: float | None = None
    """1 if the true instrument is the nearest of all candidates, else 0."""
    spectral_distance: float | None = None
    """Decibels by which the spectrum differs from the true instrument playing the same notes."""


def looped(times: np.ndarray, period: float, seconds: float) -> np.ndarray:
    """Event times of a clip of length `period` that is played in a loop for `seconds`."""
    if len(times) == 0 or period >= seconds:
        return times[times < seconds]
    rounds = np.arange(int(np.ceil(seconds / period))) * period
    repeated = (rounds[:, None] + times[None, :]).reshape(-1)
    return repeated[repeated < seconds]


def onset_agreement(output: Description, source: Description) -> tuple[float, float]:
    """Onset F-measure at 50 ms and the constant delay, at most 20 ms, that was taken off (mir_eval.onset)."""
    return matching.lagged_f1(looped(source.onsets, source.seconds, output.seconds), output.onsets)


def beat_agreement(output: Description, source: Description) -> float:
    """Beat F-measure at 70 ms (mir_eval.beat.f_measure), no beats being skipped at the beginning."""
    reference = looped(source.beats.times, source.seconds, output.seconds)
    return matching.event_f1(reference, output.beats.times, matching.BEAT_TOLERANCE)


def envelope_cosine(output: Description, source: Description, smoothing: float = 2.0) -> float:
    """Cosine of the onset-strength envelopes, both smoothed by a Gaussian of that many frames of 10 ms."""
    index = np.arange(len(output.envelope)) % len(source.envelope)
    one, other = (beats.smoothed(e, smoothing) for e in (output.envelope, source.envelope[index]))
    return _cosine(one, other)


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    scale = np.linalg.norm(one) * np.linalg.norm(other)
    return float(np.sum(one * other) / scale) if scale > 1e-12 else 0.0


def _looped_frames(values: np.ndarray, count: int) -> np.ndarray:
    return values[np.arange(count) % len(values)]


def chroma_cosine(output: Description, source: Description) -> float:
    """Cosine of the pitch classes' amplitudes, by segments, each weighed by the output's energy in it."""
    ours = output.pitch.chroma
    theirs = _looped_frames(source.pitch.chroma, len(ours))
    segments = (output.pitch.times / SEGMENT_SECONDS).astype(np.int64)
    total = weight = 0.0
    for segment in np.unique(segments):
        one, other = (np.sqrt(values[segments == segment].sum(axis=0)) for values in (ours, theirs))
        energy = float(np.sum(one**2))
        total, weight = total + energy * _cosine(one, other), weight + energy
    return total / weight if weight > 1e-12 else 0.0


def sounding_classes(source: Description, count: int) -> np.ndarray:
    """Pitch classes `[count, 12]` (bool) that a recording sounds around each frame, told from its chroma.

    Where the source is silent, what sounded last goes on.
    """
    reach = int(round(CHORD_MEMORY * chroma.DEFAULT.stft.rate))
    energy = _running_sum(_looped_frames(source.pitch.chroma, count), reach)
    strongest = energy.max(axis=1, keepdims=True)
    quiet = strongest[:, 0] < 1e-4 * max(float(strongest.max(initial=0.0)), 1e-12)
    last_loud = np.maximum.accumulate(np.where(quiet, 0, np.arange(count)))
    return (energy >= CHORD_THRESHOLD**2 * np.maximum(strongest, 1e-12))[last_loud]


def known_classes(spans, times: np.ndarray) -> np.ndarray:
    """Pitch classes `[len(times), 12]` (bool) of known chords around each time in seconds.

    Args: spans with `start` (seconds, rising) and `pitches`. A chord is in force until the next begins, the
    first one
      also before its start.
    """
    begins = np.asarray([span.start for span in spans])
    classes = np.zeros((len(times), chroma.PITCH_CLASSES), bool)
    for shift in (-CHORD_SMEAR, 0.0, CHORD_SMEAR):
        in_force = np.maximum(np.searchsorted(begins, times + shift, side="right") - 1, 0)
        for index in np.unique(in_force):
            sounding = np.unique([pitch % chroma.PITCH_CLASSES for pitch in spans[index].pitches]).astype(int)
            classes[np.ix_(in_force == index, sounding)] = True
    return classes


def _running_sum(values: np.ndarray, reach: int) -> np.ndarray:
    padded = np.pad(values, ((reach, reach), (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0).sum(axis=-1)


def in_chord_energy(output: Description, classes: np.ndarray) -> float:
    """Share of the output's pitch-class energy that falls on `classes` `[T, 12]`; 0 if nothing is pitched."""
    energy = output.pitch.chroma
    total = float(energy.sum())
    return float(energy[classes].sum()) / total if total > 1e-12 else 0.0


def copy_correlation(output: Description, source: Description) -> float:
    """Strongest correlation of a stretch of 1 to 4 s with any place of the source; 0 where none fits."""
    return max(0.0, max(novelty.copy_search(output.spectrum, source.spectrum).values(), default=0.0))


CHANCE_SHIFTS = (0.137, 0.211, 0.307, 0.389, 0.463, 0.571, 0.683, 0.797)
"""Shares of the clip by which a rhythm is moved to see what chance would match: no beats or bars."""


def onset_chance(output: Description, source: Description) -> float:
    """Mean onset F-measure against the source's onsets moved in time, its clip taken as a loop."""
    times = looped(source.onsets, source.seconds, output.seconds)
    moved = [np.sort((times + share * output.seconds) % output.seconds) for share in CHANCE_SHIFTS]
    return float(np.mean([matching.lagged_f1(one, output.onsets)[0] for one in moved]))


def in_chord_chance(output: Description, classes: np.ndarray) -> float:
    """Mean in-chord energy of the classes `[T, 12]` moved up by 1 to 11 semitones."""
    moved = [np.roll(classes, up, axis=1) for up in range(1, chroma.PITCH_CLASSES)]
    return float(np.mean([in_chord_energy(output, one) for one in moved]))


@dataclasses.dataclass(frozen=True)
class Truth:
    """What the true instrument sounds like, of a rendered pair.

    Attributes:
        instrument: `[K]`, its place in the timbre space: the mean of clips of it, none the arrangement.
        rivals: `[R, K]`, where other instruments lie that play this very piece.
        ear: brightness and decay of the arrangement.
    """

    instrument: np.ndarray
    rivals: np.ndarray
    ear: ear.Hearing


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of a rendered pair: the harmony source's chords and notes, the arrangement's notes."""

    spans: tuple = ()
    arrangement: tuple = ()
    source_notes: tuple = ()


def evaluate(
    output: Description,
    given: Description,
    target: Description,
    switches: Switches = Switches(),
    known: Known | None = None,
    notes: tuple | None = None,
    truth: Truth | None = None,
) -> FactorScores:
    """All scores of an output against the input (`given`) and the target.

    Args:
      switches: which of the two each factor is measured against.
      known: the truth about a rendered pair, or None for recordings.
      notes: the notes that the output claims to play, or None.
      truth: of the instrument; without it the chosen clip stands for its instrument.
    """
    clips = {INPUT: given, TARGET: target}
    rhythm, harmony = clips[switches.rhythm], clips[switches.harmony]
    timbres = clips[switches.timbre], clips[_other(switches.timbre)]
    kept, new = side_by_side(
        lambda: _rhythm(output, rhythm) | _harmony(output, harmony, known) | _sound(output, *timbres, truth),
        lambda: _novelty(output, given, target),
    )
    return FactorScores(
        **kept,
        **new,
        note_f1=matching.note_f1(known.arrangement, notes)
        if known and known.arrangement and notes is not None
        else None,
        ngram_novelty=novelty.ngram_novelty(notes, known.source_notes) if known and notes else None,
    )


def _rhythm(output: Description, source: Description) -> dict[str, float]:
    """The scores of rhythm."""
    onset_f1, onset_lag = onset_agreement(output, source)
    return {
        "onset_f1": onset_f1,
        "onset_lag": onset_lag,
        "onset_chance": onset_chance(output, source),
        "beat_f1": beat_agreement(output, source),
        "envelope_cosine": envelope_cosine(output, source),
    }


def _harmony(output: Description, source: Description, known: Known | None) -> dict[str, float]:
    """The scores of harmony, against the true chords where they are known."""
    times, spans = output.pitch.times, known.spans if known else ()
    classes = known_classes(spans, times) if spans else sounding_classes(source, len(times))
    return {
        "chroma_cosine": chroma_cosine(output, source),
        "in_chord": in_chord_energy(output, classes),
        "in_chord_chance": in_chord_chance(output, classes),
    }


def _novelty(output: Description, given: Description, target: Description) -> dict[str, float]:
    """How much of the output is only the sources turned up and down, mixed, pieced together, or copied."""
    spectra = output.spectrum, given.spectrum, target.spectrum
    mixed, weaker = novelty.mix_r2(*spectra)
    return {
        "gating_r2": novelty.gating_r2(*spectra),
        "mosaic_r2": novelty.mosaic_r2(output.spectrum, spectra[1:]),
        "mix_r2": mixed,
        "mix_weaker": weaker,
        "copy_input": copy_correlation(output, given),
        "copy_target": copy_correlation(output, target),
    }


def _sound(
    output: Description, chosen: Description, other: Description, truth: Truth | None
) -> dict[str, float]:
    """The scores of timbre, against the true instrument where it is known."""
    instrument, ears = (truth.instrument, truth.ear) if truth else (chosen.timbre, chosen.ear)
    return {
        "timbre": timbre.closeness(output.timbre, instrument),
        "timbre_margin": timbre.margin(output.timbre, chosen.timbre, other.timbre),
        "brightness": ear.brightness_steps(output.ear, ears),
        "decay": ear.decay_steps(output.ear, ears),
        "named": named(output.timbre, truth) if truth else None,
    }


def named(place: np.ndarray, truth: Truth) -> float:
    """1 if the true instrument is nearer to a place `[K]` than every rival playing the piece, else 0."""
    nearest = min((timbre.distance(place, rival) for rival in truth.rivals), default=np.inf)
    return float(timbre.distance(place, truth.instrument) < nearest)


def _other(source: str) -> str:
    return TARGET if source == INPUT else INPUT
