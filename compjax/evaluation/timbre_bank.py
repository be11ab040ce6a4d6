"""The bank of instruments from which the timbre space is learned, and how well the space holds for others.

    python -m compjax.evaluation.timbre_bank --output=timbre.npz

Every usable General MIDI program of three soundfonts, drawn tones and drum kits play what the pairs of the
`dev` split play: their own parts (held, strummed, broken, lines) and arrangements to drum rhythms, moved up
and down, some through a poor recording or another room. What rooms and the codec change is learned apart, as
what is no instrument. Another soundfont (the one that no training uses) is the test.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from absl import flags, logging

from compjax import command
from compjax.audio.loudness import is_silent, normalize_rms
from compjax.data.drawing import swaps
from compjax.data.rendering import effects, timbres
from compjax.data.rendering.soundfont import SYNTHETIC_TONES, Timbre, render
from compjax.files import atomic_path
from compjax.measures import chroma, onsets, timbre_features
from compjax.measures.timbre import FURTHEST, Space, save
from compjax.music.score import Note

LEARNED_FONTS = ("FluidR3_GM.sf2", "MuseScore_General_Lite.sf3", "sf_GMbank.sf2")
"""Fonts of the learning half; the testing half is `timbres.TEST_FONT`'s."""

TONES, KITS = 60, 24
"""Drawn instruments and drum kits in the learning half."""

POOL_SEED = 10_000_000
"""First of the pairs whose notes are played: far from all that is evaluated on."""

MOVES = (-12, -5, 0, 0, 0, 4, 9)
"""Semitones by which notes are moved up, drawn with equal chances."""


@dataclasses.dataclass(frozen=True)
class BankConfig:
    """How much is rendered and how the space is learned."""

    clips: int = 8
    """Of every instrument, half its parts and half arrangements."""
    pool: int = 120
    """Pairs whose notes are played."""
    coloured: float = 0.6
    recorded: float = 0.4
    """Shares of instruments in a room of their own, and of clips that were recorded poorly."""
    moved_room: int = 4
    """Every so many clips of an instrument are in another room."""
    changes: int = 240
    """Clips that are described once more in another room, and once more through the codec."""
    change_weight: float = 0.5
    """How much what rooms and the codec change counts beside what clips of one instrument differ by."""
    dimensions: int = 24
    shrinkage: float = 0.1
    """Of the covariance within instruments towards a multiple of the identity."""
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Bank:
    """Features `[N, FEATURES]` of clips; instrument, family and whether it is an arrangement, `[N]` each."""

    features: np.ndarray
    instruments: np.ndarray
    families: np.ndarray
    arranged: np.ndarray


@dataclasses.dataclass(frozen=True)
class Changes:
    """Features `[N, FEATURES]` of clips as rendered, in a room with an equaliser, and through the codec."""

    plain: np.ndarray
    room: np.ndarray
    coded: np.ndarray


Parts = Sequence[tuple[tuple[Note, ...], tuple[Note, ...], tuple[Note, ...]]]
"""Of every pair the target's own notes, the arrangement's and the drums'."""


def draw_parts(config: BankConfig) -> Parts:
    """Notes to be played, from the `dev` split's pairs of drums and pitched clips."""
    found: list = []
    seed = POOL_SEED + 10_000 * config.seed
    while len(found) < config.pool:
        pair = swaps.draw_pair(seed, "dev")
        seed += 1
        if pair.kind == "drums, pitched":
            arranged = swaps.arrange_swap(pair, (0, 1, 1), pair.style)
            found.append((pair.target.notes, arranged, pair.input.notes))
    return found


def family_of(program: int) -> int:
    """Place of a General MIDI program's family."""
    return program // 8


def usable_programs() -> list[int]:
    """General MIDI programs that sound at the pitch of their notes."""
    return [p for programs, _ in timbres.FAMILIES.values() for p in programs if p not in timbres.UNFIT]


def instruments(
    fonts: Sequence[str], programs: Sequence[int], tones: int, kits: int, generator
) -> Iterator[tuple[int, Timbre]]:
    """(family, timbre) of every instrument, without a room; drawn tones are families of their own."""
    for font in fonts:
        for program in programs:
            yield family_of(program), Timbre(font, program)
    for number in range(tones):
        yield 1000 + number, Timbre(SYNTHETIC_TONES, int(generator.integers(2**31)))
    for _ in range(kits):
        yield 100, dataclasses.replace(timbres.draw_kit("dev", generator), colour=effects.Colour())


def make_bank(
    fonts: Sequence[str],
    config: BankConfig,
    tones: int = 0,
    kits: int = 0,
    programs: Sequence[int] | None = None,
) -> Bank:
    """Render and describe clips of the fonts' programs (None: all usable), drawn tones and kits."""
    programs = usable_programs() if programs is None else programs
    generator, parts = np.random.default_rng([config.seed, len(fonts)]), draw_parts(config)
    rows: list[tuple] = []
    for number, (family, timbre) in enumerate(instruments(fonts, programs, tones, kits, generator)):
        if number % 20 == 0:
            logging.info("instrument %d, %s %d", number, timbre.font, timbre.program)
        if generator.random() < config.coloured:
            timbre = dataclasses.replace(timbre, colour=effects.draw_colour(generator))
        for turn in range(config.clips):
            found = _described(timbre, parts, turn, config, generator)
            if found is not None:
                rows.append((found, number, family, turn % 2))
    return Bank(*(np.array(column) for column in zip(*rows, strict=True)))


def _described(timbre: Timbre, parts: Parts, turn: int, config: BankConfig, generator) -> np.ndarray | None:
    """Features of one clip of an instrument: its own part on even turns, an arrangement on odd ones."""
    own, arranged, drums = parts[generator.integers(len(parts))]
    if turn % config.moved_room == config.moved_room - 1:
        timbre = dataclasses.replace(timbre, colour=effects.draw_colour(generator))
    up = int(generator.choice(MOVES))
    notes = drums if timbre.is_kit else _moved(arranged if turn % 2 else own, up)
    audio = render(notes, timbre, swaps.CLIP_SECONDS)
    if generator.random() < config.recorded:
        audio = effects.apply_recording(audio, effects.draw_recording(generator))
    return _features(audio)


def _features(audio: np.ndarray) -> np.ndarray | None:
    """Features of audio `[S]`; None of silence."""
    if is_silent(audio):
        return None
    audio = normalize_rms(audio)
    return timbre_features.describe(audio, onsets.detect(audio), chroma.describe(audio))


def make_changes(fonts: Sequence[str], config: BankConfig) -> Changes:
    """The same music of the same instruments: plain, in a room with an equaliser, through the codec."""
    generator, parts = np.random.default_rng([config.seed, 1]), draw_parts(config)
    code, rows = through_codec(), []
    while len(rows) < config.changes:
        if len(rows) % 40 == 0:
            logging.info("changes: %d of %d", len(rows), config.changes)
        program = generator.choice(usable_programs())
        timbre = Timbre(str(generator.choice(fonts)), int(program))
        notes = parts[generator.integers(len(parts))][generator.integers(2)]
        plain = normalize_rms(render(notes, timbre, swaps.CLIP_SECONDS))
        room = effects.apply_colour(plain, effects.draw_colour(generator))
        found = [_features(audio) for audio in (plain, room, code(plain))]
        if all(one is not None for one in found):
            rows.append(found)
    return Changes(*np.swapaxes(np.array(rows), 0, 1))


def through_codec() -> Callable[[np.ndarray], np.ndarray]:
    """The bundled codec there and back, audio `[S]` to `[S]`."""
    import jax

    from compjax import codec

    made, params = codec.load()
    code = jax.jit(lambda audio: made.decode(params, made.encode(params, audio)))
    return lambda audio: np.asarray(code(audio[None]))[0, : len(audio)]


def _moved(notes: Sequence[Note], semitones: int) -> list[Note]:
    return [dataclasses.replace(note, pitch=int(np.clip(note.pitch + semitones, 24, 100))) for note in notes]


def learn(bank: Bank, config: BankConfig, changes: Changes | None = None) -> Space:
    """The space of a bank: linear discriminants of its features, weighted as in PLDA, scaled to units."""
    mean, scale = bank.features.mean(axis=0), bank.features.std(axis=0) + 1e-6
    values = np.clip((bank.features - mean) / scale, -FURTHEST, FURTHEST)
    groups = [values[bank.instruments == one] for one in np.unique(bank.instruments)]
    centres = np.array([group.mean(axis=0) for group in groups])
    spread = sum((group - group.mean(axis=0)).T @ (group - group.mean(axis=0)) for group in groups)
    within = spread / (len(values) - len(groups))
    if changes is not None:
        within = within + config.change_weight * _spread_of(changes, scale)
    between = np.cov(centres.T) - within * len(groups) / len(values)
    within = (1 - config.shrinkage) * within + config.shrinkage * np.trace(within) / len(within) * np.eye(
        len(within)
    )
    roots, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(roots)
    variances, directions = np.linalg.eigh(whitening.T @ between @ whitening)
    best = np.argsort(variances)[::-1][: config.dimensions]
    explained = np.maximum(variances[best], 0.0)
    projection = whitening @ directions[:, best] * (explained / (1.0 + explained))
    space = Space(mean, scale, projection)
    return dataclasses.replace(space, projection=projection / _between_families(space, bank))


def _spread_of(changes: Changes, scale: np.ndarray) -> np.ndarray:
    """Covariance of what rooms and the codec change, in standard deviations `scale` of the features."""
    moved = [
        np.clip((one - changes.plain) / scale, -FURTHEST, FURTHEST) for one in (changes.room, changes.coded)
    ]
    return sum(one.T @ one / len(one) for one in moved)


def _between_families(space: Space, bank: Bank) -> float:
    """Mean distance of clips of different families."""
    places = space.place(bank.features)
    generator = np.random.default_rng(0)
    one, other = generator.integers(len(places), size=(2, 50_000))
    differ = bank.families[one] != bank.families[other]
    return float(np.linalg.norm(places[one] - places[other], axis=1)[differ].mean())


def validate(space: Space, bank: Bank) -> dict[str, float]:
    """How well the space tells a bank's instruments apart: arrangements against the instruments' own parts.

    Returns:
        Means over arrangements. `same`, `other`: distance to one part of the same instrument and of one of
        another family. `nearer`: how often the former is the smaller. `nearer_centre`, `named`, `among_five`:
        the same with the mean of all parts of an instrument, and how often that of the right one is the
        nearest of all or among the nearest five.
    """
    places, kinds = space.place(bank.features), np.unique(bank.instruments)
    own = [places[(bank.instruments == one) & (bank.arranged == 0)] for one in kinds]
    families = np.array([bank.families[bank.instruments == one][0] for one in kinds])
    queries = bank.arranged == 1
    right = bank.instruments[queries][:, None] == kinds[None, :]
    foreign = bank.families[queries][:, None] != families[None, :]
    centres = np.array([parts.mean(axis=0) for parts in own])
    single, whole = (
        np.linalg.norm(places[queries][:, None] - reference[None], axis=2)
        for reference in (np.array([parts[0] for parts in own]), centres)
    )
    rank = (whole < whole[right][:, None]).sum(axis=1)
    return {
        "same": float(single[right].mean()),
        "other": float(single[foreign].mean()),
        "nearer": _nearer(single, right, foreign),
        "nearer_centre": _nearer(whole, right, foreign),
        "named": float((rank == 0).mean()),
        "among_five": float((rank < 5).mean()),
        "instruments": float(len(kinds)),
    }


def _nearer(distances: np.ndarray, right: np.ndarray, foreign: np.ndarray) -> float:
    shares = [(row[ok] < row[no]).mean() for row, ok, no in zip(distances, right, foreign, strict=True)]
    return float(np.mean(shares))


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("output", None, "File for the space (.npz).", values, required=True)
    flags.DEFINE_integer("clips", BankConfig.clips, "Clips of every instrument.", 2, flag_values=values)
    flags.DEFINE_string("keep", None, "File for the banks' features (.npz).", values)
    return values


def make_space(values: flags.FlagValues) -> None:
    """Learn the space, say how well it holds, and write it."""
    with atomic_path(values.output) as path:
        save(path, learned_space(values))


def learned_space(values: flags.FlagValues) -> Space:
    """The space, after saying how well it holds; the banks' features are kept if they are asked for."""
    config = BankConfig(clips=values.clips)
    learned = make_bank(LEARNED_FONTS, config, TONES, KITS)
    tested = make_bank((timbres.TEST_FONT,), dataclasses.replace(config, seed=config.seed + 1))
    space = learn(learned, config, make_changes(LEARNED_FONTS, config))
    for name, bank in (("learned", learned), (timbres.TEST_FONT, tested)):
        figures = validate(space, bank)
        print(name, ", ".join(f"{key} {value:.3f}" for key, value in figures.items()), flush=True)
    if values.keep:
        banks = {f"{n}_{k}": v for n, b in (("a", learned), ("b", tested)) for k, v in vars(b).items()}
        np.savez(values.keep, **banks)
    return space


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return command.run_strict("compjax.evaluation.timbre_bank", __doc__, define_flags, make_space, argv)


if __name__ == "__main__":
    sys.exit(run())
