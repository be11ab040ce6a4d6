"""Two clips in, a new one out."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
from collections.abc import Callable, Iterator

import numpy as np

from compjax import progress
from compjax.arranging.steering import Steering, steering_of
from compjax.audio import loudness
from compjax.audio.windows import WindowConfig
from compjax.codec.long_codec import CODEC_WINDOWS, long_codec
from compjax.compose import finishing, report, scenes, streams
from compjax.compose.asked.options import ComposeOptions, whole_number
from compjax.compose.asked.styles import draw_style
from compjax.compose.clips import forms, opening
from compjax.compose.clips.aligned_pair import AlignedPair
from compjax.compose.clips.analysing import analyse
from compjax.compose.composers.contract import Composer, Plan, Rendition
from compjax.compose.composers.loading import checksums, load_composer
from compjax.compose.composers.rendition import voiced
from compjax.compose.composition import Composition
from compjax.compose.open_pair import OpenPair
from compjax.compose.perceived import Perceived
from compjax.compose.reproducible import one_blas_thread, pin_pool
from compjax.compose.shaping import Shaping, shaping_of, steering_in
from compjax.constants import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE
from compjax.errors import UserError
from compjax.files import checkpoint_file
from compjax.hearing import sound
from compjax.music import gates
from compjax.music.groove import Groove
from compjax.music.roles import roles_of
from compjax.music.score import Note, Rhythm
from compjax.music.style import Style
from compjax.music.time.meter import HEARD, GridSettings
from compjax.pages import views
from compjax.pair_lists import read_pairs
from compjax.side_by_side import side_by_side


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
            **options: the fields of `ComposeOptions`, such as rhythm, harmony, timbre, weights, seed, style,
                align, chords, input_bpm.

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
        num_samples = whole_number(num_samples, "num_samples", 1)
        chosen = chosen.for_groove() if isinstance(input, Groove) else chosen
        return self._variations(input, target, num_samples, sample_rate, progress, chosen)

    def compose_pairs(
        self, pairs, *, sample_rate: int | None = None, progress=None, **options
    ) -> Iterator[Composition]:
        """Compose many pairs, one after the other; where one cannot be, the others are.

        Args:
            pairs: (input, target) each, or a folder or CSV file of pairs (see `pair_lists.read_pairs`).
            sample_rate: as the other arguments, see `compose`.
            progress: the same.
            **options: the same for all pairs.

        Raises:
            UserError: after the last, if some could not be composed; it says which and why.
        """
        if isinstance(pairs, str | os.PathLike):
            pairs = [(pair.input, pair.target) for pair in read_pairs(pairs)]
        failures = []
        for input, target in pairs:
            try:
                yield self.compose(input, target, sample_rate=sample_rate, progress=progress, **options)
            except UserError as error:
                failures.append(str(error))
        if failures:
            raise UserError(f"{len(failures)} of the pairs could not be composed: {'; '.join(failures)}")

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
        if chosen.loop:
            raise UserError("a loop is not streamed: its beginning needs its end; use compose")
        return self._stream(input, target, sample_rate, progress, chosen)

    def open_pair(
        self, input, target, *, sample_rate: int | tuple[int, int] | None = None, progress=None, **options
    ) -> OpenPair:
        """Two clips heard once, to be composed on again and again; the arguments are those of `compose`.

        `sample_rate` may be one for each clip.
        """
        return OpenPair(self, input, target, ComposeOptions(**options), sample_rate, progress)

    def listen(self, source, *, sample_rate: int | None = None, grid: GridSettings = HEARD) -> views.ClipView:
        """What is heard in one clip alone, in its own time.

        Args:
            source: the clip, as the input of `compose`.
            sample_rate: Hz of a clip that is given as an array.
            grid: what is set of its tempo, meter and first bar, and not heard.

        Raises:
            UserError: if the clip will not do.
        """
        clip = opening.open_clip(source, "clip", sample_rate).gridded(grid)
        with one_blas_thread():
            alone = sound.analyse(clip.audio, clip.gain, self._codec.encode)
            return scenes.see_clip(clip, *self._composer.hear(alone, alone).of_clip(0))

    def _stream(self, input, target, sample_rate, listener, options) -> streams.Stream:
        with one_blas_thread(), progress.told_to(listener):
            perceived = self.steer(self.perceive(input, target, sample_rate, options), options)
            plan = self.arrange(perceived, options, draw_style(options, 0))
            rendition = self._play(perceived, plan)
            own, pieces = rendition.pieces()
        gain = loudness.gain_to(perceived.loudness, own)
        limited, weights = streams.limited(pieces, gain), gates.summarize(perceived.gates)
        samples = round(perceived.length * rendition.form.rate)
        return streams.Stream(plan.notes, weights, perceived.view, samples, rendition.form.rate, limited)

    def _variations(
        self, input, target, num_samples, sample_rate, listener, options
    ) -> Iterator[Composition]:
        with one_blas_thread(), progress.told_to(listener):
            perceived = self.steer(self.perceive(input, target, sample_rate, options), options)
        for index in range(num_samples):
            with one_blas_thread(), progress.told_to(listener):
                composition = self.vary(perceived, options, index)
            yield composition

    def perceive(self, input, target, sample_rate, options: ComposeOptions) -> Perceived:
        """Open, align and hear both clips, and decide the gates; what is left to decide, `steer` does."""
        seconds: dict[str, float] = {}
        phase = functools.partial(progress.phase, seconds=seconds)
        given = input, target, sample_rate, options, self._codec.encode, phase
        # What is known of the clips needs no network, and a new process is busy for long with its programs.
        clips, _ = side_by_side(functools.partial(analyse, *given), self._composer.prepare)
        with phase("listen"):
            heard = self._composer.hear(*clips.sounds)
        with phase("select"):
            asked = options.switches, options.weights
            selected = self._composer.select(heard) if gates.needs_selector(*asked) else None
            decided = gates.decide_gates(*asked, clips.frames, selected)
        with phase("capture"):
            form = forms.form_of((options.output_rate, options.channels), clips.sources, decided)
            excerpts = forms.in_full(clips.excerpts, clips.sources, form.form)
            captured = functools.partial(self._composer.capture, heard, excerpts, decided, options.instrument)
            heard, _ = side_by_side(captured, lambda: clips.shown.described)  # it is measured against that
        steering = steering_of(input, None)
        view, grids = scenes.see(clips.shown, heard, decided, steering), clips.shown.grids_said()
        of_input = clips.length, clips.loudness
        return Perceived(clips.shown, *of_input, heard, decided, steering, view, seconds, grids, form)

    def steer(self, perceived: Perceived, options: ComposeOptions, hits: Rhythm | None = None) -> Perceived:
        """What was perceived, on given chords and hits if any, in the wanted tempo, key and length."""
        pair, length = perceived.pair, perceived.length
        roles = roles_of(options.roles) if options.roles else None
        steering = Steering(hits or perceived.steering.rhythm, options.chords, roles)
        view = scenes.see(pair, perceived.heard, perceived.gates, steering)
        shaping = self._shaping(options, pair)
        if shaping is not None:
            pair = shaping.pair(pair)
            view, length = shaping.view(view, pair), shaping.seconds
        of_piece = {"pair": pair, "length": length, "steering": steering, "view": view, "shaping": shaping}
        return dataclasses.replace(perceived, **of_piece)

    def _shaping(self, options: ComposeOptions, pair: AlignedPair) -> Shaping | None:
        """What is done to the notes; UserError if there are none, or no beats to go by."""
        if (options.shape or options.stems) and not self.writes_notes:
            asked = "tempo, key, quantize, swing, loop and stems"
            raise UserError(f"this agent writes no notes; leave out {asked}")
        return shaping_of(options.shape, pair.input.grid, pair.input.seconds)

    def arrange(self, perceived: Perceived, options: ComposeOptions, style: Style) -> Plan:
        """The notes (or latents) of one variation."""
        heard, decided, steering = perceived.heard, perceived.gates, perceived.steering
        plan = self._composer.arrange(heard, decided, style, options.arranger, steering)
        if perceived.shaping is None:
            return plan
        return dataclasses.replace(plan, notes=perceived.shaping.notes(plan.notes))

    def _play(self, perceived: Perceived, plan: Plan) -> Rendition:
        """The plan on its way to sound."""
        decided, length, shaping = perceived.gates, perceived.length, perceived.shaping
        if shaping is not None:
            decided = shaping.gates(decided)
            plan, decided, length = shaping.led_in(plan, decided)
        return self._composer.play(perceived.heard, decided, plan, self._codec, length)

    def vary(
        self,
        perceived: Perceived,
        options: ComposeOptions,
        index: int,
        notes: tuple[Note, ...] | None = None,
        early: Callable[[np.ndarray, int], None] | None = None,
    ) -> Composition:
        """Variation `index` of what was perceived and steered: arrange (but for `notes`), play, report.

        `early` is given the sound and its rate before the report is written.
        """
        seconds = dict(perceived.seconds)
        phase = functools.partial(progress.phase, seconds=seconds)
        style = draw_style(options, index)
        with phase("compose"):
            plan = self.arrange(perceived, options, style) if notes is None else Plan(tuple(notes))
            plan = dataclasses.replace(plan, notes=voiced(plan.notes))
        with phase("render"):
            rendition = self._play(perceived, plan)
        with phase("decode"):
            voices = rendition.voices() if options.stems else {}
            done = finishing.finish(rendition, voices, perceived.shaping, perceived.loudness)
        if early is not None:
            early(done.audio, done.form.rate)
        weights = gates.summarize(perceived.gates)
        with phase("report"):
            asked = (
                steering_in(perceived.shaping, perceived.steering, perceived.view.harmony),
                perceived.view.harmony if self._composer.hears_chords else None,
            )
            heard = finishing.as_heard(done.audio, done.form)
            body = report.measure(perceived.pair, heard, plan.notes, weights, *asked)
        body = perceived.told(body, self._composer, plan.notes, done)
        if plan.chosen_by is not None:
            body["agent"] = plan.chosen_by
        body["options"] = {**options.summary(), "style": dataclasses.asdict(style), "variation": index}
        body["timings"] = {name: round(value, 3) for name, value in seconds.items()}
        body["checksums"] = self._checksums
        beside = {"stems": done.stems, "instrument": getattr(perceived.heard, "instrument", None)}
        return Composition(done.audio, done.form.rate, plan.notes, weights, body, perceived.view, **beside)


def load(
    checkpoint: str | os.PathLike | None = None,
    codec: str = "vocos",
    codec_weights: str | os.PathLike | None = None,
) -> Session:
    """A session with the bundled model, or with a checkpoint of yours.

    Args:
        checkpoint: the agent's weights, of any kind of agent, or the folder that it was trained in, of which
            the best are taken; None takes the bundled ones.
        codec: name of the codec, the one on whose latents the agent was trained.
        codec_weights: the codec's weights; None takes the bundled ones, where there are any.

    Raises:
        UserError: if there is no such checkpoint or codec, or a file is not what it should be.
    """
    from compjax.compose.compiled import keep_compiled_programs

    checkpoint = None if checkpoint is None else checkpoint_file(checkpoint)
    if codec_weights is not None and not pathlib.Path(codec_weights).is_file():
        raise UserError(f"there is no file of codec weights {os.fspath(codec_weights)}")
    keep_compiled_programs()
    pin_pool()
    import compjax.codec

    composer, (built, params) = side_by_side(
        lambda: load_composer(checkpoint, codec), lambda: compjax.codec.load(codec, codec_weights)
    )
    if (built.sample_rate, built.hop_length) != (SAMPLE_RATE, HOP_LENGTH):
        raise UserError(
            f"the codec {codec!r} has {built.frame_rate:g} frames a second; {FRAME_RATE:g} are needed"
        )
    if composer.raw_latents:
        built = built.raw
    return Session(built, params, composer, checksums(checkpoint, codec, codec_weights))
