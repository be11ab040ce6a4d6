"""A folder of any music: a clip teaches by being put together again from what was destroyed in copies of it.

The rhythm source is the clip with its pitch destroyed, the source of harmony and timbre the clip with
its onsets smeared, the arrangement the clip itself. A share of the examples is two different clips,
for which there is no arrangement.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Mapping

import numpy as np

from compjax.audio.loudness import is_silent, normalize_rms
from compjax.audio.transforms import stft
from compjax.constants import SAMPLE_RATE
from compjax.data.rendering import analysis
from compjax.data.sources.example import (
    RHYTHM_OF_INPUT,
    AugmentConfig,
    HostBatch,
    augment_clips,
    unlabelled_example,
)
from compjax.data.sources.folder import SoundFile, list_folder, read_crop, segment_start, segments_of
from compjax.data.sources.source import (
    RECORDED,
    ExampleConfig,
    SourceConfig,
    check_broken,
    fingerprint_of,
    names_of_part,
)
from compjax.errors import UserError

NOISE_WINDOW, NOISE_HOP = 1024, 256
NOISE_BANDS = 10  # from 60 Hz to 12 kHz, three quarters of an octave each: no pitch is left, drums stay drums
NOISE_COLOUR_DB = (
    4.0  # standard deviation of a band's random gain, so that the noise does not tell the timbre
)
SMEAR_WINDOW, SMEAR_HOP = 4096, 1024
SMEAR_SECONDS = (0.4, 1.2)  # over which the power is averaged
SWAPPED = 0.2  # share of examples whose rhythm is the target's
USUAL = 0.5  # share of unpaired examples with the usual switches; the others have any
DRAWS = 4  # of a place in a file, until one is not silent


@functools.lru_cache(maxsize=1)
def noise_bands() -> np.ndarray:
    """Overlapping triangles over log frequency that sum to 1 in every bin, `[bins, bands]`."""
    frequencies = np.fft.rfftfreq(NOISE_WINDOW, 1 / SAMPLE_RATE)
    place = np.log(np.maximum(frequencies, 60.0) / 60.0) / np.log(12_000 / 60.0) * (NOISE_BANDS - 1)
    return np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(NOISE_BANDS)[None])).astype(np.float32)


def padded_to(audio: np.ndarray, hop: int) -> np.ndarray:
    """Audio `[S]` with zeros up to a whole number of hops."""
    return np.pad(audio, (0, -len(audio) % hop))


def destroy_pitch(audio: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Noise `[S]` with the clip's envelope in ten broad bands: its rhythm and registers, none of its pitches.

    A noise vocoder (Shannon et al. 1995) whose bands are coloured at random.
    """
    spectrum = stft.centered_stft(padded_to(audio, NOISE_HOP), NOISE_WINDOW, NOISE_HOP)
    bands = noise_bands()
    power = (np.abs(spectrum) ** 2) @ (bands / bands.sum(axis=0))
    power = power * 10.0 ** (generator.normal(0.0, NOISE_COLOUR_DB, NOISE_BANDS) / 10.0)
    noise = generator.normal(size=(2, *spectrum.shape)).astype(np.float32)
    made = stft.centered_istft(np.sqrt(power @ bands.T) * (noise[0] + 1j * noise[1]), NOISE_HOP)
    return made[: len(audio)].astype(np.float32)


def smear_onsets(audio: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The clip `[S]` with its power averaged over about a second and random phases: its pitches, no onsets.

    Extreme time stretching works so (Nasca 2006, "Paulstretch"), here without stretching.
    """
    spectrum = stft.centered_stft(padded_to(audio, SMEAR_HOP), SMEAR_WINDOW, SMEAR_HOP)
    reach = int(generator.uniform(*SMEAR_SECONDS) * SAMPLE_RATE / SMEAR_HOP / 2)
    kernel = np.hanning(2 * reach + 3)[1:-1]
    count = len(spectrum)
    near = np.abs(np.arange(count)[:, None] - np.arange(count)[None])
    weights = np.where(near <= reach, kernel[np.clip(reach + near, 0, 2 * reach)], 0.0)
    weights /= weights.sum(axis=1, keepdims=True)  # at the ends: over what there is
    power = weights.astype(np.float32) @ (np.abs(spectrum) ** 2)
    phase = generator.uniform(0.0, 2 * np.pi, spectrum.shape).astype(np.float32)
    made = stft.centered_istft(np.sqrt(power) * np.exp(1j * phase), SMEAR_HOP)
    return made[: len(audio)].astype(np.float32)


@dataclasses.dataclass(frozen=True)
class MusicSource:
    """Examples of a folder of music (see `sources.Source`)."""

    name: str
    sounds: tuple[SoundFile, ...]
    starts: tuple[int, ...]  # first segment of each file, and one past the last
    unpaired: float
    seconds: float
    frames: int
    augment: AugmentConfig | None
    files: int
    skipped: Mapping[str, str]
    broken: int
    fingerprint: str

    @classmethod
    def open(cls, config: SourceConfig, common: ExampleConfig) -> MusicSource:
        """The files of `config.folder` that are long enough and not broken."""
        if not 0.0 <= config.unpaired <= 1.0:
            raise UserError(f"data.train.music.unpaired is {config.unpaired}; give a share from 0 to 1")
        listing = list_folder(config.folder, common.seconds)
        check_broken(config.folder, listing.broken, listing.total)
        if not listing.files:
            raise UserError(f"{config.folder}: no file lasts {common.seconds:g} seconds; set data.seconds")
        chosen = names_of_part([file.name for file in listing.files], config.part)
        sounds = tuple(file for file in listing.files if file.name in chosen)
        sizes = ((file.name, file.size) for file in sounds)
        return cls(
            name=config.folder,
            sounds=sounds,
            starts=segments_of([file.seconds for file in sounds], common.seconds),
            unpaired=config.unpaired,
            seconds=common.seconds,
            frames=common.frames,
            augment=common.augment,
            files=listing.total,
            skipped={**listing.broken, **listing.short},
            broken=len(listing.broken),
            fingerprint=fingerprint_of(["music", common, config.unpaired, *sizes]),
        )

    @property
    def count(self) -> int:
        """Segments in all."""
        return self.starts[-1]

    def sound(self, row: int) -> SoundFile:
        """The file of a segment."""
        return self.sounds[int(np.searchsorted(self.starts, row, side="right")) - 1]

    def crop(self, row: int, generator: np.random.Generator) -> np.ndarray:
        """A clip about a segment, `[S]` at the reference level; elsewhere in the file if that is silent."""
        sound = self.sound(row)
        start = segment_start(self.starts, row, sound.seconds, self.seconds, generator)
        for _ in range(DRAWS):
            audio = read_crop(f"{self.name}/{sound.name}", start, self.seconds)
            if not is_silent(audio):
                break
            start = generator.uniform(0.0, max(0.0, sound.seconds - self.seconds))
        return normalize_rms(audio)

    def example(self, row: int, generator: np.random.Generator) -> HostBatch:
        """See `Source`."""
        if generator.random() < self.unpaired:
            return self.unpaired_example(row, generator)
        clip = self.crop(row, generator)
        rhythm = normalize_rms(destroy_pitch(clip, generator))
        rest = normalize_rms(smear_onsets(clip, generator))
        swapped = generator.random() < SWAPPED
        sources = (rest, rhythm) if swapped else (rhythm, rest)
        clips = (*(analysis.features(audio) for audio in sources), analysis.encode(clip))
        clips = augment_clips(clips, 0 if swapped else 1, generator, self.augment)
        switches = (1, 0, 0) if swapped else RHYTHM_OF_INPUT
        return unlabelled_example(clips, switches, has_arrangement=True, has_gates=True)

    def unpaired_example(self, row: int, generator: np.random.Generator) -> HostBatch:
        """Two clips of which no arrangement exists, with any switches."""
        other = int(generator.integers(self.count))
        first, second = (analysis.features(self.crop(place, generator)) for place in (row, other))
        clips = augment_clips((first, second, second.latents), 1, generator, self.augment)
        every = list(itertools.product((0, 1), repeat=3))
        usual = generator.random() < USUAL
        switches = RHYTHM_OF_INPUT if usual else every[generator.integers(len(every))]
        return unlabelled_example(clips, switches, has_arrangement=False, has_gates=False)

    def describe(self, row: int) -> str:
        """See `Source`."""
        return f"{self.name}/{self.sound(row).name}"

    def family(self, row: int) -> str:
        """See `Source`."""
        return RECORDED
