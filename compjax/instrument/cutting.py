"""Cutting the clip's own notes out through soft harmonic masks.

What a model leaves out (ensembles, vibrato, the room) is in the recording. A note's share of a spectrum is
that of its power in the power of all notes, as the fitted model has them (Wiener's filter), and of what is no
note's it gets as much as it is loud; where it sounds alone, it is the recording itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from compjax.audio.transforms import fourier
from compjax.audio.transforms.stft import frame, hann, overlap_add
from compjax.constants import midi_to_hz
from compjax.hearing.notes import HeardNote
from compjax.instrument.envelopes import amplitude, at, partials, zone_shares
from compjax.instrument.model import Parameters


@dataclasses.dataclass(frozen=True)
class CuttingConfig:
    """How samples are cut.

    Attributes:
        window: seconds of the analysis, long enough for the partials of a chord to stand apart.
        spread: share of its frequency by which a partial is wide: vibrato and ensembles.
        most: samples kept, at most one a pitch.
        shortest: seconds of a note that is worth a sample.
        longest: seconds of a sample.
        worth_unstruck: what a note is worth whose attack is not in the clip.
        before: seconds before a note's start from which its attack is looked for, and `latest` how far.
        onset_share: share of an attack's loudest at which a sample begins.
        lead: seconds before that which are kept.
        tail: seconds kept after a note's end.
        ringing: seconds that a note may sound after its end, for sharing spectra.
        all_partials: whether notes have a share of all there is up to the top, and not as far as the model's.
    """

    window: float = 0.17
    spread: float = 0.004
    most: int = 14
    shortest: float = 0.06
    longest: float = 3.0
    worth_unstruck: float = 0.4
    before: float = 0.05
    latest: float = 0.16
    onset_share: float = 0.3
    lead: float = 0.002
    tail: float = 0.15
    ringing: float = 0.5
    all_partials: bool = False


@dataclasses.dataclass(frozen=True)
class TruenessConfig:
    """How it is measured whether a sample sounds at its pitch.

    Attributes:
        window: seconds of the spectrum at least.
        between: Hz where it is looked.
        wide: share of its frequency, and `least` Hz, by which what belongs to a partial may lie beside it.
    """

    window: float = 0.34
    between: tuple[float, float] = (40.0, 3000.0)
    wide: float = 0.02
    least: float = 12.0


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """A note cut out.

    Attributes:
        sound: `[S]`, or `[S, C]` of a clip that has channels, from its attack on.
        pitch: MIDI, with its cents.
        body: samples for which it was held.
        purity: share of its power that lies where it is alone.
        struck: whether it begins with its attack.
        level: amplitude that the model has of it.
    """

    sound: np.ndarray
    pitch: float
    body: int
    purity: float
    struck: bool
    level: float


@dataclasses.dataclass(frozen=True, eq=False)
class Shares:
    """Spectra `[..., T, F]` of a clip, every note's power in them, and that of what is no note's."""

    spectra: np.ndarray
    powers: list[tuple[int, np.ndarray]]  # where a note begins to sound, and `[frames, F]` while it does
    total: np.ndarray
    rest: np.ndarray
    loudness: np.ndarray  # [N, T] of notes, summing to at most 1

    def power(self, index: int, frames: slice) -> np.ndarray:
        """A note's power in some frames, `[frames, F]`."""
        (begin, own), total = self.powers[index], self.total[frames]
        found, shift = np.zeros_like(total), begin - frames.start
        part = own[max(-shift, 0) : len(total) - shift]
        found[max(shift, 0) :][: len(part)] = part
        return found

    def mask(self, power: np.ndarray, index: int, frames: slice) -> np.ndarray:
        """The share of the spectra of some frames, in [0, 1], that a note of that power there has."""
        rest = self.rest[frames]
        own = power + self.loudness[index, frames, None] * rest
        return own / (self.total[frames] + rest)


def cut(
    audio: np.ndarray,
    rate: int,
    parameters: Parameters,
    notes: Sequence[HeardNote],
    cents: float = 0.0,
    config: CuttingConfig = CuttingConfig(),
) -> tuple[Sample, ...]:
    """Samples of the best notes of a clip `[S]` or `[S, C]`, as the fitted instrument plays them."""
    chosen = best_notes(notes, config)
    if not chosen:
        return ()
    size = 4 * round(config.window * rate / 4)
    shares = _shares(audio.T, rate, size, parameters, notes, cents, config)
    return tuple(_sample(shares, notes[i], i, rate, size, cents, config) for i in chosen)


def best_notes(notes: Sequence[HeardNote], config: CuttingConfig) -> list[int]:
    """Of every pitch the note that is longest, loudest and struck; the best of these."""

    def worth(index: int) -> float:
        note = notes[index]
        length = min(note.end - note.start, config.longest / 2)
        return note.level * length * (1.0 if note.struck else config.worth_unstruck)

    best: dict[int, int] = {}
    for index in sorted(range(len(notes)), key=worth):
        if notes[index].end - notes[index].start >= config.shortest:
            best[notes[index].pitch] = index
    return sorted(best.values(), key=lambda index: -worth(index))[: config.most]


def _shares(audio, rate, size, parameters, notes, cents, config: CuttingConfig) -> Shares:
    """The spectra of a clip `[..., S]`, shared out."""
    hop = size // 4
    padded = np.pad(audio.astype(np.float32), [*[(0, 0)] * (audio.ndim - 1), (size // 2, size)])
    spectra = fourier.rfft(frame(padded, size, hop) * np.sqrt(hann(size)))
    hz = np.maximum(np.fft.rfftfreq(size, 1.0 / rate), 1.0)
    time = np.arange(spectra.shape[-2]) * hop / rate
    zones, combs = zone_shares(hz), {}
    powers, total = [], np.zeros((len(time), len(hz)), np.float32)
    strength = np.zeros((len(notes), len(time)), np.float32)
    for own, note in zip(strength, notes, strict=True):
        if note.pitch not in combs:
            combs[note.pitch] = comb(parameters, note.pitch + cents / 100.0, hz, config)
        gain = _gain(parameters, note, time, config)
        sounding = np.flatnonzero(gain.any(axis=1))
        begin, end = (sounding[0], sounding[-1] + 1) if sounding.size else (0, 0)
        power = (gain[begin:end] @ zones) * combs[note.pitch]
        powers.append((begin, power))
        total[begin:end] += power
        own[begin:end] = power.sum(axis=1)
    whole = np.maximum(strength.sum(axis=0), 1e-20)
    rest = np.exp(at(parameters.noise, hz)) + 1e-4 * total.max(axis=0)
    rest = rest[None] * (whole / whole.max())[:, None] + 1e-6 * total.max()
    return Shares(spectra, powers, total, rest.astype(np.float32), (strength / whole).astype(np.float32))


def comb(parameters: Parameters, pitch: float, hz: np.ndarray, config: CuttingConfig) -> np.ndarray:
    """Power `[F]` that a pitch's partials have in the bins of a spectrum."""
    at_hz, power = partials(parameters, pitch, hz[-1], all_of_them=config.all_partials)
    width = 1.5 / config.window + config.spread * at_hz
    distance = hz[None] - at_hz[:, None]
    distance /= width[:, None]
    shape = np.square(distance.astype(np.float32))  # from here on in its place: 300 partials, 4000 bins
    shape += 1.0
    np.reciprocal(np.square(shape, out=shape), out=shape)
    return np.maximum(power, 1e-7 * power.max()).astype(np.float32) @ shape


def _gain(parameters, note: HeardNote, time: np.ndarray, config: CuttingConfig) -> np.ndarray:
    """Power by zone `[T, 6]` of a note in windows around times `[T]`."""
    early = config.window / 4
    age = time - note.start + early
    gain = amplitude(parameters, age, note.end - note.start + early, 0.005) ** 2
    return (gain * (time < note.end + config.ringing)[:, None] * note.level**2).astype(np.float32)


def _sample(shares: Shares, note, index: int, rate: int, size: int, cents: float, config) -> Sample:
    """One note as a sample."""
    hop, end = size // 4, min(note.end, note.start + config.longest)
    first = max(int((note.start - 2 * config.window) * rate / hop), 0)
    frames = slice(first, int((end + config.tail + config.window) * rate / hop) + 1)
    power = shares.power(index, frames)
    mask = shares.mask(power, index, frames)
    rows = fourier.irfft(shares.spectra[..., frames, :] * mask, size).astype(np.float32)
    sound = overlap_add(rows * (np.sqrt(hann(size)) / 2.0), hop).T[size // 2 :]
    sound = sound[max(round((note.start - config.before) * rate) - first * hop, 0) :]
    if note.struck:
        begun = attack_begins(sound[: round(config.latest * rate)], rate, config.onset_share)
        sound = sound[max(begun - round(config.lead * rate), 0) :]
    body = max(round((end - max(note.start, 0.0)) * rate), round(config.shortest * rate))
    sound = sound[: body + round(config.tail * rate)]
    purity = float((mask * power).sum() / max(power.sum(), 1e-20))
    return Sample(sound, note.pitch + cents / 100.0, min(body, len(sound)), purity, note.struck, note.level)


def trueness(sample: Sample, rate: int, config: TruenessConfig = TruenessConfig()) -> float:
    """Share of a sample's power that lies on the partials of its pitch, in [0, 1].

    What was cut out for one pitch and sounds as another has little there.
    """
    held = sample.sound[: sample.body].reshape(min(sample.body, len(sample.sound)), -1).mean(axis=1)
    size = max(len(held), round(config.window * rate))
    power = np.square(np.abs(fourier.rfft(held * hann(len(held)), size)))
    hz, lowest = np.fft.rfftfreq(size, 1.0 / rate), midi_to_hz(sample.pitch)
    partial = np.maximum(np.round(hz / lowest), 1.0) * lowest
    on_it = np.abs(hz - partial) < np.maximum(config.wide * partial, config.least)
    inside = (hz > config.between[0]) & (hz < config.between[1])
    return float(power[inside & on_it].sum() / max(power[inside].sum(), 1e-20))


def attack_begins(sound: np.ndarray, rate: int, share: float) -> int:
    """The first sample of `sound` that is `share` as loud as its loudest, in steps of 2.5 ms.

    `sound` is `[S]` or `[S, C]`.
    """
    step = max(rate // 400, 1)
    if len(sound) < step:
        return 0
    steps = len(sound) // step
    level = np.square(sound[: steps * step]).reshape(steps, -1).mean(axis=1)
    return int(np.argmax(level >= share**2 * level.max())) * step
