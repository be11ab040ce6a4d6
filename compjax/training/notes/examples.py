"""Batches of drawn pairs, heard with mistakes, and the notes that their arrangements strike at the hits.

A batch is a dict of arrays, `[B, ...]`, float32 unless said otherwise:

    heard          [2, T, 62]  input and target, see models/composing/factor_frames.py
    gates          [6]         1 for the components that the switches chose
    ideal_gates    [6]         what the selector should choose by itself
    moments        [K]         int32, frames at which notes are decided
    style          [K, 9]      the style vector and, last, its contour then
    asked          [K]         1 where there is such a moment, 0 where it is padding
    onsets         [K, 64]     1 where the arrangement strikes the pitch at the moment
    velocities     [K, 64]     of those notes, and
    lengths        [K, 64]     as `factor_frames.log_length` writes them
    sample_ids     []          int64, stays on the host

Every pair is heard once and arranged again and again, with other switches and in other styles: the truth
of an arrangement is known without its sound.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Iterator

import numpy as np

from compjax.constants import FRAME_RATE, MIN_PITCH, NUM_PITCHES
from compjax.data.batches.ahead import Ahead
from compjax.data.batches.maker import SAMPLE_IDS
from compjax.data.batches.pipeline import AHEAD
from compjax.data.drawing import swaps
from compjax.data.sources.example import RHYTHM_OF_INPUT, HostBatch, gates_of
from compjax.data.sources.source import fingerprint_of
from compjax.errors import UserError
from compjax.models.composing.factor_frames import log_length, slots_in
from compjax.music.factors import FACTORS
from compjax.music.score import Note, fold_pitch
from compjax.music.style import Style, contour, random_style
from compjax.training.notes.imagined import HeardClip, MistakesConfig, imagine
from compjax.training.notes.scores import Scores, WrittenByPeople

MAKE_IT = "make it with python -m compjax.training.notes.heard --data=SHARDS --output=FILE"

DRUMS_PITCHED = "drums, pitched"
SWITCHES = ("drawn", "ideal")
REACH = 0.05
"""Seconds from a moment within which a note belongs to it."""

OF_MOMENTS = ("moments", "asked", "style", "onsets", "velocities", "lengths")

MOST_MOMENTS = 64
"""Moments of a whole clip; there are never more hits in it."""


@dataclasses.dataclass(frozen=True)
class NotesDataConfig:
    """What is drawn.

    Attributes:
        seed: other seeds, other pairs; `split` as in rendering.
        pairs: how many are kept and arranged again; a step draws one more until there are so many.
        first_pairs: with which a run begins.
        moments: of a clip that an example asks for in each style, drawn among its hits.
        styles: in which an example is arranged.
        scores: folder of real pieces as MIDI files (see `training/notes/scores.py`), if any; `scores_share`
            of the examples are from them.
        heard: file of rendered pairs and what is heard in them (see `training/notes/heard.py`), if any;
            `heard_share` of the others are from it.
        usual: share of pairs that are drums with a pitched target; the rest are of any kind.
        switches: `drawn`, as common as for rendered pairs, or `ideal`: those that the selector should choose
            by itself, which it can learn from the notes alone.
        mistakes: of hearing.
    """

    seed: int = 0
    split: str = "train"
    pairs: int = 2000
    first_pairs: int = 16
    moments: int = 12
    styles: int = 4
    heard: str = ""
    heard_share: float = 0.6
    scores: str = ""
    scores_share: float = 0.3
    usual: float = 0.7
    switches: str = "drawn"
    mistakes: MistakesConfig = MistakesConfig()

    def __post_init__(self):
        if self.switches not in SWITCHES:
            raise UserError(f"config.data.switches={self.switches}: give one of {', '.join(SWITCHES)}")


@dataclasses.dataclass(frozen=True)
class PairAsHeard:
    """A drawn pair, and how its clips were heard."""

    pair: swaps.DrawnPair
    clips: tuple[HeardClip, HeardClip]


def draw_heard(config: NotesDataConfig, number: int) -> PairAsHeard:
    """The pair of a number, heard."""
    generator = np.random.default_rng([config.seed, 2, number])
    usual = generator.random() < config.usual
    while True:
        pair = swaps.draw_pair(int(generator.integers(2**40)), config.split)
        if not usual or pair.kind == DRUMS_PITCHED:
            break
    return PairAsHeard(
        pair, tuple(imagine(clip, generator, config.mistakes) for clip in (pair.input, pair.target))
    )


def ideal_switches(pair: swaps.DrawnPair) -> swaps.Recombination:
    """The switches of the gates that the selector should choose."""
    return tuple(int(gate) for gate in swaps.ideal_gates(pair)[len(FACTORS) :])


def draw_switches(pair: swaps.DrawnPair, generator: np.random.Generator) -> swaps.Recombination:
    """Switches, as common as for rendered pairs."""
    settings = swaps.SETTINGS[pair.kind]
    return settings[generator.choice(len(settings), p=[share for _, share in settings])][0]


def notes_at(notes: tuple[Note, ...], moments: np.ndarray) -> dict[str, np.ndarray]:
    """What of `notes` is struck at `moments` `[K]`: onsets, velocities, lengths, `[K, 64]` each."""
    table = np.zeros((3, len(moments), NUM_PITCHES), np.float32)
    times = (moments + 0.5) / FRAME_RATE
    for note in notes:
        if not len(times):
            break
        nearest = int(np.abs(times - note.start).argmin())
        if note.start >= 0.0 and abs(times[nearest] - note.start) <= REACH:
            told = (1.0, note.velocity, log_length(note.end - note.start))
            table[:, nearest, fold_pitch(note.pitch) - MIN_PITCH] = told
    return dict(zip(("onsets", "velocities", "lengths"), table, strict=True))


def style_at(style: Style, moments: np.ndarray) -> np.ndarray:
    """The style vector and its contour at frames `[K]`, `[K, 9]`."""
    heights = [contour(style, (frame + 0.5) / FRAME_RATE) for frame in moments]
    vectors = np.tile(style.vector(), (len(moments), 1))
    return np.column_stack([vectors, np.asarray(heights)]).astype(np.float32)


def make_example(heard: PairAsHeard, switches: swaps.Recombination, style: Style) -> HostBatch:
    """An example of all the moments of the clip that gives the rhythm."""
    notes = swaps.arrange_swap(heard.pair, switches, style)
    ideal = np.asarray(swaps.ideal_gates(heard.pair), np.float32)
    return answered(heard.clips, switches, ideal, style, notes)


def example_of_score(piece: WrittenByPeople) -> HostBatch:
    """An example of all the moments of a stretch of a real piece."""
    return answered(
        piece.clips, RHYTHM_OF_INPUT, gates_of(np.asarray(RHYTHM_OF_INPUT)), piece.style, piece.notes
    )


def answered(
    clips: tuple[HeardClip, HeardClip],
    switches: swaps.Recombination,
    ideal_gates: np.ndarray,
    style: Style,
    notes: tuple[Note, ...],
) -> HostBatch:
    """An example whose answer is `notes`."""
    moments = clips[switches[0]].slots[:MOST_MOMENTS]
    return {
        "heard": np.stack([clip.frames for clip in clips]),
        "gates": gates_of(np.asarray(switches)),
        "ideal_gates": ideal_gates,
        "moments": moments,
        "style": style_at(style, moments),
        "asked": np.ones(len(moments), np.float32),
        **notes_at(notes, moments),
    }


def fitted(example: HostBatch, count: int, generator: np.random.Generator | None = None) -> HostBatch:
    """The example with `count` moments: some of them drawn (the first without a generator), or padded."""
    found = len(example["moments"])
    order = np.arange(found) if generator is None else generator.permutation(found)
    chosen = np.sort(order[:count])

    def fit(values: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [values[chosen], np.zeros((count - len(chosen), *values.shape[1:]), values.dtype)]
        )

    return example | {name: fit(example[name]) for name in OF_MOMENTS}


def together(examples: list[HostBatch]) -> HostBatch:
    """Examples of one pair and its switches in several styles as one."""
    return examples[0] | {name: np.concatenate([one[name] for one in examples]) for name in OF_MOMENTS}


def stacked(examples: list[HostBatch]) -> HostBatch:
    """Examples as one batch."""
    return {name: np.stack([example[name] for example in examples]) for name in examples[0]}


class RenderedPairs:
    """Rendered pairs and what was really heard in them, from a file of `training/notes/heard.py`.

    Raises:
        UserError: if there is no such file.
    """

    def __init__(self, path: str, split: str) -> None:
        if not pathlib.Path(path).is_file():
            raise UserError(f"config.data.heard={path}: there is no such file; {MAKE_IT}")
        with np.load(path) as stored:
            self._frames, self._seeds = stored["frames"], stored["seeds"]
        self._split, self._pair = split, functools.lru_cache(maxsize=len(self._seeds))(self._read)

    def __len__(self) -> int:
        return len(self._seeds)

    def __call__(self, number: int) -> PairAsHeard:
        return self._pair(number)

    def _read(self, number: int) -> PairAsHeard:
        pair = swaps.draw_pair(int(self._seeds[number]), self._split)
        clips = (frames.astype(np.float32) for frames in self._frames[number])
        return PairAsHeard(pair, tuple(HeardClip(frames, slots_in(frames)) for frames in clips))


class NotesPipeline:
    """The `Pipeline` of drawn pairs: a batch is a pure function of its step."""

    skipped: tuple[str, ...] = ()
    epoch_steps = 0
    seconds = swaps.CLIP_SECONDS

    def __init__(self, config: NotesDataConfig, batch_size: int, index: int = 0, count: int = 1) -> None:
        self._config, self._size, self._index, self._count = config, batch_size, index, count
        self._heard = functools.lru_cache(maxsize=config.pairs)(functools.partial(draw_heard, config))
        self._rendered = RenderedPairs(config.heard, config.split) if config.heard else None
        self._scores = Scores(config.scores) if config.scores else None
        self._feed: Ahead | None = None
        self.fingerprint = fingerprint_of(["notes", config, batch_size])

    def batch(self, step: int) -> HostBatch:
        """This host's part of the batch of a step."""
        local = self._size // self._count
        first = step * self._size + self._index * local
        examples = [self._example(step, position) for position in range(first, first + local)]
        return stacked(examples) | {SAMPLE_IDS: np.arange(first, first + local, dtype=np.int64)}

    def _example(self, step: int, position: int) -> HostBatch:
        config = self._config
        generator = np.random.default_rng([config.seed, 1, position])
        if self._scores is not None and generator.random() < config.scores_share:
            example = example_of_score(self._scores.draw(generator, config.mistakes))
            return fitted(example, config.styles * config.moments, generator)
        heard = self._pair(step, generator)
        is_ideal = config.switches == "ideal"
        switches = ideal_switches(heard.pair) if is_ideal else draw_switches(heard.pair, generator)
        styles = [random_style(generator) for _ in range(config.styles)]
        made = [make_example(heard, switches, style) for style in styles]
        return together([fitted(example, config.moments, generator) for example in made])

    def _pair(self, step: int, generator: np.random.Generator) -> PairAsHeard:
        """One of the rendered pairs, or of those drawn so far."""
        config = self._config
        if self._rendered is not None and generator.random() < config.heard_share:
            return self._rendered(int(generator.integers(len(self._rendered))))
        return self._heard(int(generator.integers(min(config.first_pairs + step, config.pairs))))

    def iterate(self, start_step: int) -> Iterator[HostBatch]:
        """See `Pipeline`; an earlier iteration ends."""
        self.close()
        self._feed = Ahead(self.batch, start_step, AHEAD)
        return self._feed

    def describe(self, sample_id: int) -> str:
        """See `Pipeline`."""
        return f"arrangement {sample_id} of drawn pairs, seed {self._config.seed}"

    def close(self) -> None:
        """See `Pipeline`."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None
