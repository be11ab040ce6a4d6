"""Controls: an arrangement with just one factor from elsewhere, which a score of that factor has to beat.

The same piece to another rhythm, on other chords, and on other instruments; and the true instrument playing
other music, from which its place in a timbre space is known without the arrangement itself.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from compjax.audio.loudness import normalize_rms
from compjax.data.rendering import effects, timbres
from compjax.data.rendering.soundfont import Timbre, render

STRANGERS = 3
"""Other pairs that rhythms, chords and music are taken from."""

RIVALS = 8
"""Other instruments, each of another family."""

STRANGER_SEEDS = 50_000
"""A pair's strangers are drawn from so many seeds after its own."""


@dataclasses.dataclass(frozen=True)
class Controls:
    """Audio `[S]` each.

    Attributes:
        rhythm, harmony: the arrangement with the rhythm, the chords, of each stranger.
        instruments: the arrangement played by each rival.
        plays: the true instrument playing the strangers' arrangements and their targets' own parts.
    """

    rhythm: tuple[np.ndarray, ...]
    harmony: tuple[np.ndarray, ...]
    instruments: tuple[np.ndarray, ...]
    plays: tuple[np.ndarray, ...]


def controls(music, pair, switches: tuple[int, int, int], split: str) -> Controls:
    """The controls of one setting of a pair.

    Args:
        music: `swaps`, or what stands in for it, that drew the pair from its seed.
        switches: sources of rhythm, harmony and timbre, 0 input and 1 target.
    """
    strangers = strangers_of(music, pair, split)
    true = (pair.input, pair.target)[switches[2]].timbre

    def arranged(changed) -> np.ndarray:
        return music.arrangement(changed, switches, pair.style).audio

    def with_factors(stranger, *factors: str):
        clips = (stranger.input, stranger.target)
        taken = pair
        for factor in factors:
            source = switches[("rhythm", "harmony").index(factor)]
            taken = replaced(taken, source, **{factor: getattr(clips[source], factor)})
        return taken

    return Controls(
        rhythm=tuple(arranged(with_factors(one, "rhythm")) for one in strangers),
        harmony=tuple(arranged(with_factors(one, "harmony")) for one in strangers),
        instruments=tuple(
            arranged(replaced(pair, switches[2], timbre=rival)) for rival in rivals_of(true, pair.seed, split)
        ),
        plays=(
            *(arranged(with_factors(one, "rhythm", "harmony")) for one in strangers),
            *(_own_part(music, one, true) for one in strangers),
        ),
    )


def replaced(pair, source: int, **factors):
    """The pair with factors of its input (0) or target (1) replaced."""
    name = ("input", "target")[source]
    return dataclasses.replace(pair, **{name: dataclasses.replace(getattr(pair, name), **factors)})


def strangers_of(music, pair, split: str) -> list:
    """Other pairs of the same kind."""
    seeds = itertools.count(pair.seed + STRANGER_SEEDS)
    drawn = (music.draw_pair(seed, split) for seed in seeds)
    return list(itertools.islice((one for one in drawn if one.kind == pair.kind), STRANGERS))


def rivals_of(true: Timbre, seed: int, split: str) -> list[Timbre]:
    """Instruments of RIVALS families that are not the true one's, in the same room."""
    generator = np.random.default_rng([seed, STRANGER_SEEDS])
    own = timbres.family_of(true)
    families = [name for name in timbres.FAMILIES if name != own]
    entries = timbres.programs(split)
    found = []
    for name in generator.permutation(families)[:RIVALS]:
        usable = [(font, program) for font, program, _ in entries if program in timbres.FAMILIES[name][0]]
        font, program = usable[generator.integers(len(usable))]
        found.append(Timbre(font, program, colour=true.colour, tuning=true.tuning))
    return found


def play(notes, timbre: Timbre, seconds: float) -> np.ndarray:
    """Audio `[S]` of notes on an instrument, at the reference level."""
    return normalize_rms(render(notes, timbre, seconds))


def _own_part(music, stranger, true: Timbre) -> np.ndarray:
    """The stranger's target as the true instrument plays it, recorded well."""
    clip = dataclasses.replace(stranger.target, timbre=true, recording=effects.Recording())
    if stranger.target.timbre.is_kit != true.is_kit:
        clip = dataclasses.replace(stranger.input, timbre=true, recording=effects.Recording())
    return music.perform(clip).audio
