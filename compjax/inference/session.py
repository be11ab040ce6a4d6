"""Two clips in, a new one out."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
from collections.abc import Iterator

import numpy as np

from compjax.audio import loudness
from compjax.audio.constants import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE, STYLE_SIZE
from compjax.audio.errors import UserError
from compjax.audio.files import sha256_of
from compjax.data.style import Style
from compjax.inference import align, clips, gates, progress, report, scenes, views
from compjax.inference.composer import BUNDLED, LEAD_IN, Composer, HeardPair, load_composer
from compjax.inference.composition import Composition
from compjax.inference.grooves import Groove
from compjax.inference.options import ComposeOptions
from compjax.inference.seams import mend
from compjax.inference.steering import Steering, steering_of
from compjax.inference.windows import WindowConfig, over_windows

CODEC_WINDOWS = WindowConfig(length=768, context=64, fade=16)
"""Windows of the codec: its reach is below the context, and a clip of ten seconds needs only one."""

LIMITER_WINDOWS = WindowConfig(length=4500, context=16, fade=0)
"""Windows of the limiter, a minute each; it looks a tenth of a second around."""

MAX_GAIN = 10.0
"""The output is made at most this much louder to match the input: 20 dB."""


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
        """Use a codec (`codec/protocol.py`) in windows, its parameters, and what composes."""
        import jax

        self._codec = codec
        self._composer = composer
        self._checksums = dict(checksums or {})
        self._windows = windows
        self._codec_params = jax.device_put(codec_params)
        self._encode = jax.jit(codec.encode)
        self._decode = jax.jit(codec.decode)

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
            latents = clips.encode(clip, self._encode_window, self._windows, LEAD_IN)
            target_latents = clips.encode(target_clip, self._encode_window, self._windows, LEAD_IN)
            target_latents = align.apply(target_latents, alignment.map, clip.frames, LEAD_IN)
        samples, frames, level = clip.audio.size, clip.frames, clips.level(clip.audio)
        del clip, target_clip  # an hour of sound is a third of a gigabyte, and no longer needed
        with phase("listen"):
            heard = self._composer.listen(latents, target_latents)
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
            audio = self._decode_windows(latents)[LEAD_IN * HOP_LENGTH :][: perceived.samples]
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

    def _encode_window(self, audio: np.ndarray) -> np.ndarray:
        return np.asarray(self._encode(self._codec_params, audio[None]))[0]

    @functools.cached_property
    def _silence(self) -> np.ndarray:
        """Latents `[1, D]` of digital silence."""
        latents = self._encode_window(np.zeros(self._windows.length * HOP_LENGTH, np.float32))
        return latents[len(latents) // 2, None]

    def _decode_windows(self, latents: np.ndarray) -> np.ndarray:
        """Samples `[T * 320]` of latents `[T, D]`."""

        def decode(window):
            return np.asarray(self._decode(self._codec_params, window[None]))[0]

        missing = self._windows.length - len(latents)
        padded = np.concatenate([latents, np.tile(self._silence, (missing, 1))]) if missing > 0 else latents
        audio = over_windows(decode, [padded], self._windows, rate_out=HOP_LENGTH, mend=mend)
        return audio[: len(latents) * HOP_LENGTH]


def draw_style(options: ComposeOptions, index: int) -> Style:
    """The style of a variation: drawn from the seed and its number, but for what the user has set."""
    drawn = np.random.default_rng([options.seed, index]).random(STYLE_SIZE)
    return dataclasses.replace(Style.from_vector(drawn), **(options.style or {}))


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
    from compjax.inference.cache import keep_compiled_programs

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
    return Session(built, params, composer, _checksums(checkpoint, codec, codec_weights))


def _checksums(checkpoint, codec: str, codec_weights) -> dict[str, str]:
    """SHA-256 of the weights in use."""
    files = {
        "model": pathlib.Path(checkpoint or BUNDLED),
        "codec": pathlib.Path(codec_weights or BUNDLED.with_name(f"{codec}.npz")),
    }
    return {name: sha256_of(path) for name, path in files.items() if path.is_file()}
