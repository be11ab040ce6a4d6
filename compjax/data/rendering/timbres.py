"""Which instruments and kits there are, which of them training never hears, and drawing one.

Splits: `train` and `dev` share fonts and programs (other seeds); `test` hears only what they
do not: another soundfont, and programs held out of the training fonts. `drawn` hears drawn ones alone.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.data import splits
from compjax.data.rendering.effects import draw_colour
from compjax.data.rendering.soundfont import SYNTHETIC_DRUMS, SYNTHETIC_TONES, Timbre

TRAIN_FONTS = ("FluidR3_GM.sf2", "MuseScore_General_Lite.sf3")
TEST_FONT = "TimGM6mb.sf2"
RECORDED_KITS = ("Black_Pearl_4_LV2.sf2", "Red_Zeppelin_4_LV2.sf2")
HELD_OUT = frozenset({2, 11, 22, 26, 46, 60, 66, 75, 91})
"""General MIDI programs (from 0) that training never hears."""

UNFIT = frozenset({9, 14, 43, 47, 55, 58, 67, 78, 86, 97, 101})
"""Programs whose sound has another pitch than the note (bells, timpani, orchestra hit, fifths,
layered pads) or that are silent in part of 40..84 (contrabass, tuba, baritone sax, whistle)."""

SYNTHETIC_SHARE = 0.35
"""How much of what is not tested on is played by drawn instruments and kits (`tone_synthesis.py`)."""

DETUNED_CENTS = 20.0
"""Standard deviation from A 440 of the instruments that are out of tune."""

FAMILIES = {
    "piano": (range(0, 8), 5.0),
    "chromatic percussion": (range(8, 16), 1.0),
    "organ": (range(16, 24), 1.5),
    "guitar": (range(24, 32), 3.5),
    "bass": (range(32, 40), 1.2),
    "strings": (range(40, 48), 1.5),
    "ensemble": (range(48, 56), 2.0),
    "brass": (range(56, 64), 1.2),
    "reed": (range(64, 72), 1.2),
    "pipe": (range(72, 80), 1.0),
    "synth lead": (range(80, 88), 1.2),
    "synth pad": (range(88, 96), 1.5),
    "synth effects": (range(96, 104), 0.7),
    "ethnic": (range(104, 112), 1.0),
}
"""Programs of each General MIDI family, and how common the family is in the data."""

KITS, DRAWN = "drum kit", "drawn"
"""What stands for a family where the timbre is a kit, and where it is a drawn instrument."""

KIT_BANK = 128
KIT_PROGRAMS = (0, 8, 16, 24, 25, 32, 40)  # standard, room, power, electronic, 808, jazz, brush
LOW_PIECES = ((36,), (36,), (35,), (35, 36))
MID_PIECES = (
    (38,), (38,), (40,), (38, 40), (38, 38, 38, 40), (37,), (39,), (38, 39), (37, 38), (38, 45),
    (38, 38, 47, 43), (41, 45), (45, 47, 48, 50), (38, 38, 38, 45),
)  # fmt: skip
HIGH_PIECES = (
    (42,), (42,), (42,), (46,), (44,), (42, 42, 42, 46), (42, 46), (44, 42), (51,), (51,), (51, 51, 53),
    (53,), (54,), (70,), (69,), (82,), (49,), (42, 42, 42, 42, 49), (59, 51), (56,),
)  # fmt: skip
RECORDED_LOW = ((36,),)
RECORDED_MID = (
    (38,), (38,), (40,), (38, 40), (37,), (39,), (38, 38, 38, 45), (41, 43, 45), (45, 47), (38, 41),
)  # fmt: skip
RECORDED_HIGH = (
    (42,), (42,), (42,), (46,), (44,), (42, 42, 42, 46), (42, 46), (51,), (51,), (51, 53), (53,), (54,),
    (64,), (48,), (49,), (42, 42, 42, 42, 49),
)  # fmt: skip


def programs(split: str) -> tuple[tuple[str, int, float], ...]:
    """(font, program, weight) of every melodic sound that a split may use."""
    fonts = (*TRAIN_FONTS, TEST_FONT) if split == "test" else TRAIN_FONTS
    entries = []
    for font in fonts:
        for family, share in FAMILIES.values():
            usable = [p for p in family if p not in UNFIT]
            if split != "test":
                usable = [p for p in usable if p not in HELD_OUT]
            elif font != TEST_FONT:
                usable = [p for p in usable if p in HELD_OUT]
            entries += [(font, program, share / len(usable)) for program in usable]
    return tuple(entries)


def family_of(timbre: Timbre) -> str:
    """The family of an instrument by name; KITS and DRAWN for what has none."""
    if timbre.is_kit:
        return KITS
    if timbre.font == SYNTHETIC_TONES:
        return DRAWN
    return next((name for name, (range_, _) in FAMILIES.items() if timbre.program in range_), DRAWN)


def is_synthetic(split: str, generator: np.random.Generator) -> bool:
    """Whether an instrument or a kit is to be drawn from numbers."""
    return split == splits.DRAWN or (split != "test" and generator.random() < SYNTHETIC_SHARE)


def draw_instrument(split: str, generator: np.random.Generator) -> Timbre:
    """A melodic instrument in a random room."""
    if is_synthetic(split, generator):
        font, program = SYNTHETIC_TONES, int(generator.integers(2**31))
    else:
        entries = programs(split)
        weights = np.array([weight for *_, weight in entries])
        font, program, _ = entries[generator.choice(len(entries), p=weights / weights.sum())]
    tuning = generator.normal(0.0, DETUNED_CENTS) if split != "test" and generator.random() < 0.3 else 0.0
    return Timbre(font, program, colour=draw_colour(generator), tuning=float(tuning))


def draw_kit(split: str, generator: np.random.Generator) -> Timbre:
    """A drum kit: its pieces for each voice, how loud each voice is, and a room."""
    if is_synthetic(split, generator):
        kit = Timbre(SYNTHETIC_DRUMS, int(generator.integers(2**31)), is_kit=True)
        places = (LOW_PIECES, MID_PIECES, HIGH_PIECES)
    elif split != "test" and generator.random() < 0.4:
        kit = Timbre(RECORDED_KITS[generator.integers(len(RECORDED_KITS))], 0, is_kit=True)
        places = (RECORDED_LOW, RECORDED_MID, RECORDED_HIGH)
    else:
        font = TEST_FONT if split == "test" else TRAIN_FONTS[generator.integers(len(TRAIN_FONTS))]
        kit = Timbre(font, int(generator.choice(KIT_PROGRAMS)), KIT_BANK, is_kit=True)
        places = (LOW_PIECES, MID_PIECES, HIGH_PIECES)
    pieces = tuple(choices[generator.integers(len(choices))] for choices in places)
    balance = tuple(float(x) for x in generator.uniform((0.6, 0.7, 0.8), (1.0, 1.1, 1.5)))
    return dataclasses.replace(kit, pieces=pieces, balance=balance, colour=draw_colour(generator))
