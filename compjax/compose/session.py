"""Two clips in, a new one out."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
from collections.abc import Iterator

import numpy as np

from compjax import progress
from compjax.arranging import gates
from compjax.arranging.steering import Steering, steering_of
from compjax.audio import loudness
from compjax.audio.pitch_spectrum import STRIDE
from compjax.audio.windows import WindowConfig, over_windows
from compjax.codec import weights_path
from compjax.codec.long_codec import CODEC_WINDOWS, long_codec
from compjax.compose import align, clips, report, scenes, streams
from compjax.compose.composer import BUNDLED, LEAD_IN, Composer, HeardPair, Sound, load_composer
from compjax.compose.composition import Composition
from compjax.compose.options import ComposeOptions
from compjax.constants import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE, STYLE_SIZE
from compjax.errors import UserError
from compjax.files import sha256_of
from compjax.music.groove import Groove
from compjax.music.style import Style
from compjax.pages import views
from compjax.pair_lists import read_pairs

LIMITER_WINDOWS = WindowConfig(length=4500, context=16, fade=0)
"""Windows of the limiter, a minute each; it looks a tenth of a second around."""

MAX_GAIN = 100.0
"""The output is made at most this much louder to match the input: 40 dB. Agents choose their level freely."""

LONGEST_DRAWN = 0.4
"""Articulation is drawn from 0 to this: notes that run into each other hide the rhythm (BUILD_NOTES.md)."""


@dataclasses.dataclass(frozen=True)
class Perception:
    """What both clips were heard to be; every variation of a pair shares it."""

    samples: int  # of the input
    level: float  # RMS of the input
    heard: HeardPair  # after LEAD_IN frames of silence
    gates: np.ndarray  # [LEAD_IN + T, 6]
    alignment: align.Alignment
    references: report.References
    steering: Steering
    view: views.PairView
    seconds: dict[str, float]  # wall time by phase


class Session:
    """A codec and an agent, loaded and ready; `load` makes one."""

    def __init__(
        self,
        codec,
        codec_params,
        composer: Composer,
        checksums: dict[str, str] | None = None,
        windows: WindowConfig = CODEC_WINDOWS,
    ):
        """Use a codec (`codec/protocol.py`), its parameters, and what composes; `windows` for the codec."""
        self._codec = long_codec(codec, codec_params, windows)
        self._composer = composer
        self._checksums = dict(checksums or {})

    @property
    def writes_notes(self) -> bool:
        """Whether compositions can have notes."""
        return self._composer.writes_notes

    def compose(
        self, input, target, *, sample_rate: int | None = None, progress=None, **options
    ) -> Composition:
        """Compose a clip with factors of two.

        Args:
            input: the clip whose length the result has, and usually whose rhythm: a path, or floats `[S]` or
                `[S, channels]`; or a `Groove`, which gives length and rhythm.
            target: the other clip, usually for harmony and timbre.
            sample_rate: Hz of clips that are given as arrays.
            progress: called with (phase, windows done, windows in all) as the work goes on.
            **options: the fields of `ComposeOptions`: rhythm, harmony, timbre, weights, seed, style, align,
                chords.

        Raises:
            UserError: if a clip or an option will not do.
        """
        [only] = self.compose_many(input, target, 1, sample_rate=sample_rate, progress=progress, **options)
        return only

    def compose_many(
        self, input, target, num_samples: int, *, sample_rate: int | None = None, progress=None, **options
    ) -> Iterator[Composition]:
        """Compose variations of the same two clips, one after the other.

        They differ in what is drawn for them. Variation i of a seed is the same however many there
        are, and the first is what `compose` gives. The arguments are those of `compose`.
        """
        chosen = ComposeOptions(**options)
        if num_samples < 1:
            raise UserError(f"at least one sample must be asked for, not {num_samples}")
        chosen = chosen.for_groove() if isinstance(input, Groove) else chosen
        return self._variations(input, target, num_samples, sample_rate, progress, chosen)

    def compose_pairs(
        self, pairs, *, sample_rate: int | None = None, progress=None, **options
    ) -> Iterator[Composition]:
        """Compose many pairs, one after the other.

        Args:
            pairs: (input, target) each, or a folder or CSV file of pairs (see `pair_lists.read_pairs`).
            sample_rate: as the other arguments, see `compose`.
            progress: the same.
            **options: the same for all pairs.
        """
        if isinstance(pairs, str | os.PathLike):
            pairs = [(pair.input, pair.target) for pair in read_pairs(pairs)]
        for input, target in pairs:
            yield self.compose(input, target, sample_rate=sample_rate, progress=progress, **options)

    def stream(
        self, input, target, *, sample_rate: int | None = None, progress=None, **options
    ) -> streams.Stream:
        """Compose, and give the sound out in pieces while it is still being decoded.

        Together the pieces are the audio that `compose` returns. Of a clip of more than a minute, how
        loud the whole will be is judged by parts of it: there the two differ by one constant gain.
        The arguments are those of `compose`.
        """
        chosen = ComposeOptions(**options)
        chosen = chosen.for_groove() if isinstance(input, Groove) else chosen
        return self._stream(input, target, sample_rate, progress, chosen)

    def listen(self, source, *, sample_rate: int | None = None) -> views.ClipView:
        """What is heard in one clip alone, in its own time; the arguments are those of `compose`."""
        clip = clips.open_clip(source, "clip", sample_rate)
        heard = self._composer.listen(*[clips.encode(clip, self._codec.encode, LEAD_IN)] * 2)
        return scenes.see_clip(source, clip.audio, heard.clips[0], LEAD_IN)

    def _stream(self, input, target, sample_rate, listener, options) -> streams.Stream:
        with progress.told_to(listener):
            perceived = self._perceive(input, target, sample_rate, options)
            style = draw_style(options, 0)
            plan = self._composer.compose(
                perceived.heard, perceived.gates, style, options.arranger, perceived.steering
            )
            latents = self._composer.render(perceived.heard, perceived.gates, plan)
        own, decoded = streams.decoded(latents, self._codec, LEAD_IN * HOP_LENGTH, perceived.samples)
        gain = 0.0 if own < loudness.SILENCE_RMS else min(perceived.level / own, MAX_GAIN)
        sound, weights = streams.limited(decoded, gain), gates.summarize(perceived.gates)
        return streams.Stream(plan.notes, weights, perceived.view, perceived.samples, SAMPLE_RATE, sound)

    def _variations(
        self, input, target, num_samples, sample_rate, listener, options
    ) -> Iterator[Composition]:
        with progress.told_to(listener):
            perceived = self._perceive(input, target, sample_rate, options)
        for index in range(num_samples):
            with progress.told_to(listener):
                composition = self._compose(perceived, options, index)
            yield composition

    def _perceive(self, input, target, sample_rate, options: ComposeOptions) -> Perception:
        """Read, align, encode and hear both clips, and decide the gates."""
        seconds: dict[str, float] = {}
        phase = functools.partial(progress.phase, seconds=seconds)
        with phase("read"):
            clip = clips.open_clip(input, "input", sample_rate)
            target_clip = clips.open_clip(target, "target", sample_rate)
        with phase("align"):
            alignment = align.find_alignment(clip.audio, target_clip.audio, options.align)
        with phase("report"):
            references = report.describe_references(clip.audio, target_clip.audio, alignment)
            kept = scenes.keep((input, target), clip.audio, target_clip.audio, alignment)
        with phase("encode"):
            sound = clips.encode(clip, self._codec.encode, LEAD_IN)
            target_sound = clips.encode(target_clip, self._codec.encode, LEAD_IN)
            target_sound = aligned(target_sound, alignment, clip.frames)
        samples, frames, level = clip.audio.size, clip.frames, clips.level(clip.audio)
        del clip, target_clip  # an hour of sound is a third of a gigabyte, and no longer needed
        with phase("listen"):
            heard = self._composer.listen(sound, target_sound)
        with phase("select"):
            wanted = gates.needs_selector(options)
            selected = self._composer.select(heard) if wanted else None
            decided = gates.decide_gates(options, LEAD_IN + frames, selected)
            steering = steering_of(input, options)
            view = scenes.see(kept, alignment, references, heard.clips, decided, LEAD_IN, steering)
        return Perception(samples, level, heard, decided, alignment, references, steering, view, seconds)

    def _compose(self, perceived: Perception, options: ComposeOptions, index: int) -> Composition:
        """Variation `index` of what was perceived."""
        seconds = dict(perceived.seconds)
        phase = functools.partial(progress.phase, seconds=seconds)
        style = draw_style(options, index)
        with phase("compose"):
            plan = self._composer.compose(
                perceived.heard, perceived.gates, style, options.arranger, perceived.steering
            )
        with phase("render"):
            latents = self._composer.render(perceived.heard, perceived.gates, plan)
        with phase("decode"):
            audio = self._codec.decode(latents)[LEAD_IN * HOP_LENGTH :][: perceived.samples]
            audio = match_level(audio, perceived.level)
        weights = gates.summarize(perceived.gates)
        with phase("report"):
            body = report.measure(perceived.references, audio, plan.notes, weights, perceived.steering)
        body["agent"] = self._composer.title
        body["alignment"] = perceived.alignment.summary()
        body["words"].insert(0, perceived.alignment.in_words())
        body["words"] += self._composer.remarks
        body["options"] = {
            **options.summary(),
            "style": dataclasses.asdict(style),
            "variation": index,
        }
        body["timings"] = {name: round(value, 3) for name, value in seconds.items()}
        body["checksums"] = self._checksums
        return Composition(audio, SAMPLE_RATE, plan.notes, weights, body, perceived.view)


def aligned(sound: Sound, alignment: align.Alignment, frames: int) -> Sound:
    """The target's sound laid along an input of `frames` latent frames."""
    latents = align.apply(sound.latents, alignment.map, frames, LEAD_IN)
    lead, rate = LEAD_IN // STRIDE, FRAME_RATE / STRIDE
    spectrum = align.apply(sound.spectrum, alignment.map, -(-frames // STRIDE), lead, rate)
    return Sound(latents, spectrum)


def draw_style(options: ComposeOptions, index: int) -> Style:
    """The style of a variation: drawn from the seed and its number, but for what the user has set."""
    drawn = Style.from_vector(np.random.default_rng([options.seed, index]).random(STYLE_SIZE))
    drawn = dataclasses.replace(drawn, articulation=LONGEST_DRAWN * drawn.articulation)
    return dataclasses.replace(drawn, **(options.style or {}))


def match_level(audio: np.ndarray, level: float) -> np.ndarray:
    """`audio` `[S]` brought to the RMS `level`, its peaks limited; silence stays silence."""
    own = clips.level(audio)
    if own < loudness.SILENCE_RMS:
        return np.zeros_like(audio)
    louder = audio * np.float32(min(level / own, MAX_GAIN))
    missing = -louder.size % HOP_LENGTH
    padded = np.pad(louder, (0, missing)) if missing else louder
    rate = {"rate_in": HOP_LENGTH, "rate_out": HOP_LENGTH}
    return over_windows(loudness.limit_peaks, [padded], LIMITER_WINDOWS, **rate)[: louder.size]


def load(
    checkpoint: str | os.PathLike | None = None,
    codec: str = "vocos",
    codec_weights: str | os.PathLike | None = None,
) -> Session:
    """A session with the bundled model, or with a checkpoint of yours.

    Args:
        checkpoint: the agent's weights, of any kind of agent; None takes the bundled ones.
        codec: name of the codec, the one on whose latents the agent was trained.
        codec_weights: the codec's weights; None takes the bundled ones, where there are any.

    Raises:
        UserError: if there is no such checkpoint or codec, or a file is not what it should be.
    """
    from compjax.compose.compiled import keep_compiled_programs

    for what, path in (("checkpoint", checkpoint), ("file of codec weights", codec_weights)):
        if path is not None and not pathlib.Path(path).is_file():
            raise UserError(f"there is no {what} {os.fspath(path)}")
    keep_compiled_programs()
    import compjax.codec

    composer = load_composer(checkpoint, codec)
    built, params = compjax.codec.load(codec, codec_weights)
    if (built.sample_rate, built.hop_length) != (SAMPLE_RATE, HOP_LENGTH):
        raise UserError(
            f"the codec {codec!r} has {built.frame_rate:g} frames a second; {FRAME_RATE:g} are needed"
        )
    if composer.raw_latents:
        built = built.raw
    return Session(built, params, composer, _checksums(checkpoint, codec, codec_weights))


def _checksums(checkpoint, codec: str, codec_weights) -> dict[str, str]:
    """SHA-256 of the weights in use."""
    files = {
        "model": pathlib.Path(checkpoint or BUNDLED),
        "codec": pathlib.Path(codec_weights or weights_path(codec)),
    }
    return {name: sha256_of(path) for name, path in files.items() if path.is_file()}
