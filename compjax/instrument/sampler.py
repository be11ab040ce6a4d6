"""Playing samples that were cut out of a clip: moved to the wanted pitch, lengthened by a loop, released."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import soxr

from compjax.audio.likeness import most_like
from compjax.instrument.cutting import Sample
from compjax.music.score import Note


@dataclasses.dataclass(frozen=True)
class SamplerConfig:
    """How samples are played.

    Attributes:
        impure: semitones' worth that a sample of no purity is away, and `unstruck` one without its attack.
        short: the same for each second that a sample is too short, up to `long_enough` seconds.
        fade: seconds of fading in.
        release: least and longest seconds of fading out.
        loop_after: seconds after the attack from which a sample may be looped.
        seam: seconds over which a loop's ends are cross-faded.
        shortest_loop: seconds.
        accent: how much louder a note begins, dying away in `accent_seconds`: its onset is clear.
        balance: seconds at the beginning that say how loud a sample is.
        step: seconds, of which what is made of a sample for a pitch is a multiple long.
        most: bytes of that which are kept.
        far: semitones from the nearest sample from which on, and up to which, something else plays a note,
            where it can. An octave from all that was heard, samples are the better guess again.
    """

    impure: float = 4.0
    unstruck: float = 3.0
    short: float = 8.0
    long_enough: float = 0.5
    fade: float = 0.003
    release: tuple[float, float] = (0.02, 0.12)
    loop_after: float = 0.2
    seam: float = 0.06
    shortest_loop: float = 0.12
    accent: float = 0.5
    accent_seconds: float = 0.06
    balance: float = 0.4
    step: float = 1.0
    most: int = 2**26
    far: tuple[float, float] = (5.0, 11.5)


def balanced(
    samples: Sequence[Sample], rate: int, config: SamplerConfig = SamplerConfig()
) -> tuple[Sample, ...]:
    """The samples at level 1: halfway between what the model says of their levels and all equally loud."""
    heads = [sample.sound[: round(config.balance * rate)] for sample in samples]
    loud = np.sqrt([np.mean(np.square(head)) + 1e-12 for head in heads])
    levels = np.array([sample.level for sample in samples])
    typical = np.exp(np.mean(np.log(loud / levels))) if len(levels) else 1.0
    gains = np.sqrt(typical / (loud * levels)).astype(np.float32)
    pairs = zip(samples, gains, strict=True)
    return tuple(dataclasses.replace(s, sound=s.sound * gain, level=1.0) for s, gain in pairs)


def play(
    samples: Sequence[Sample],
    notes: Sequence[Note],
    length: int,
    rate: int,
    sustained: bool,
    release: float,
    strange: bool = False,
    config: SamplerConfig = SamplerConfig(),
) -> np.ndarray:
    """Sound `[length]`, or `[length, C]` where the samples have channels, of notes.

    Args:
        samples: at the rate `rate`, at least one.
        notes: velocities are amplitudes.
        length: samples of the result.
        rate: Hz.
        sustained: whether notes are lengthened by loops; otherwise they die away.
        release: seconds in which a note that is let go falls by 13 dB.
        strange: play every note on a sample of another pitch, where there is one; to judge samples by.
        config: how they are played.
    """
    return Voices(samples, rate, sustained, config).play(notes, length, release, strange)


class Voices:
    """Samples ready to be played: what is made of one for a pitch is made once, and serves all its notes.

    It is a multiple of `SamplerConfig.step` long, so that a note does not depend on what was played before.
    """

    def __init__(
        self, samples: Sequence[Sample], rate: int, sustained: bool, config: SamplerConfig = SamplerConfig()
    ):
        """See `play`."""
        self._samples, self._rate, self._sustained, self._config = samples, rate, sustained, config
        self._made: dict[tuple[int, float, int], np.ndarray] = {}

    def play(self, notes: Sequence[Note], length: int, release: float, strange: bool = False) -> np.ndarray:
        """See `play`."""
        release = float(np.clip(release, *self._config.release))
        out = np.zeros((length, *self._samples[0].sound.shape[1:]), np.float32)
        for note in notes:
            sample = nearest(self._samples, note, self._rate, strange, self._config)
            sound = self._voice(sample, note.pitch, note.end - note.start, release)
            first = round(note.start * self._rate)
            begin = max(first, 0)
            part = sound[begin - first :][: max(length - begin, 0)]
            out[begin : begin + len(part)] += np.float32(note.velocity) * part
        return out

    def _voice(self, sample: Sample, pitch: float, seconds: float, release: float) -> np.ndarray:
        """A note held for `seconds`, `[S]` or `[S, C]`, and its release."""
        held, rate = round(seconds * self._rate), self._rate
        wanted = held + round(3.0 * release * rate)
        sound = self._begun(sample, pitch, wanted)[:wanted].copy()
        after = np.arange(held, len(sound), dtype=np.float32) / rate - np.float32(seconds)
        sound[held:] = along(sound[held:], np.exp(-np.maximum(after, 0.0) / (0.5 * release)))
        end = min(round(0.01 * rate), len(sound))
        sound[len(sound) - end :] = along(sound[len(sound) - end :], np.arange(end)[::-1] / (0.01 * rate))
        return sound

    def _begun(self, sample: Sample, pitch: float, wanted: int) -> np.ndarray:
        """A sample at a pitch as its notes begin, at least `wanted` long if it can be."""
        step = round(self._config.step * self._rate)
        key = id(sample), pitch, -(-wanted // step)
        found = self._made.get(key)
        if found is None:  # another thread may make the same, or forget all, meanwhile
            if sum(sound.nbytes for sound in list(self._made.values())) > self._config.most:
                self._made.clear()
            found = begun(sample, pitch, key[-1] * step, self._rate, self._sustained, self._config)
            self._made[key] = found
        return found


def nearest(samples: Sequence[Sample], note: Note, rate: int, strange: bool, config: SamplerConfig) -> Sample:
    """The sample that suits a note best: near in pitch, pure, with its attack, long enough."""
    others = [s for s in samples if abs(s.pitch - note.pitch) > 0.6] if strange else samples
    wanted = min(note.end - note.start, config.long_enough)

    def cost(sample: Sample) -> float:
        missing = max(wanted - sample.body / rate, 0.0)
        poor = config.impure * (1.0 - sample.purity) + config.unstruck * (not sample.struck)
        return abs(sample.pitch - note.pitch) + poor + config.short * missing

    return min(others or samples, key=cost)


def near_and_far(
    samples: Sequence[Sample], notes: Sequence[Note], config: SamplerConfig = SamplerConfig()
) -> tuple[list[Note], list[Note]]:
    """The notes that samples play, and those that are `config.far` from every sample."""
    apart: tuple[list[Note], list[Note]] = ([], [])
    for note in notes:
        distance = min(abs(sample.pitch - note.pitch) for sample in samples)
        apart[config.far[0] < distance < config.far[1]].append(note)
    return apart


def begun(
    sample: Sample, pitch: float, wanted: int, rate: int, sustained: bool, config: SamplerConfig
) -> np.ndarray:
    """A sample at a pitch, `[S]` or `[S, C]`, `wanted` long if it can be: faded in, its attack made clear."""
    ratio = 2.0 ** ((pitch - sample.pitch) / 12.0)
    needed = int(wanted * ratio) + 64
    sound = looped(sample.sound, sample.body, needed, rate, config) if sustained else sample.sound
    sound = sound[:needed]
    if abs(ratio - 1.0) > 1e-4:
        sound = soxr.resample(sound, rate * ratio, rate, quality="HQ")
    sound = np.array(sound[:wanted], np.float32)
    time = np.arange(len(sound), dtype=np.float32) / rate
    gain = np.minimum(time / config.fade, 1.0)
    return along(sound, gain * (1.0 + config.accent * np.exp(-time / config.accent_seconds)))


def looped(sound: np.ndarray, body: int, wanted: int, rate: int, config: SamplerConfig) -> np.ndarray:
    """`sound`, at least `wanted` long if it can be: its body's end goes on at a place that is like it.

    That place is where the next samples have the highest normalised correlation with those after the body.
    `sound` is `[S]` or `[S, C]`.
    """
    seam = min(round(config.seam * rate), body // 4)
    first, last = min(round(config.loop_after * rate), body // 3), body - seam
    least = min(round(config.shortest_loop * rate), (last - first) // 2)
    if wanted <= body or seam < 32 or least < seam:
        return sound
    template = sound[last : last + seam]
    middle = sound.reshape(len(sound), -1).mean(axis=1)
    back, match = most_like(middle[first : last - least + seam], middle[last : last + seam])
    unit = sound[first + back : last + seam]
    change = np.sqrt(np.mean(np.square(template)) / max(np.mean(np.square(unit[:seam])), 1e-20))
    unit = along(unit, np.geomspace(np.clip(change, 0.5, 2.0), 1.0, len(unit)))
    rising = np.linspace(0.0, 1.0, seam, dtype=np.float32)
    fades = (rising, 1.0 - rising) if match > 0.5 else (np.sqrt(rising), np.sqrt(1.0 - rising))
    joint = along(unit[:seam], fades[0]) + along(unit[-seam:], fades[1])
    period = np.concatenate([joint, unit[seam:-seam]])
    begun = along(sound[last : last + seam], fades[1]) + along(unit[:seam], fades[0])
    rounds = -(-(wanted - last) // len(period)) + 1
    repeated = np.concatenate([period] * rounds)
    repeated[:seam] = begun
    return np.concatenate([sound[:last], repeated])


def along(sound: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Sound `[S]` or `[S, C]` times a gain `[S]`."""
    return sound * gain.astype(np.float32).reshape(-1, *[1] * (sound.ndim - 1))
