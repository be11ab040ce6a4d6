"""Drum grooves written out: one bar each, a line per voice.

A character is a step: X accented, x played, o a ghost note, - a rest. Beats are separated by
blanks. Rhythms start from these and are varied (`rhythms.py`).
"""

from __future__ import annotations

import dataclasses

VELOCITY = {"-": 0.0, "o": 0.3, "x": 0.7, "X": 0.95}


@dataclasses.dataclass(frozen=True)
class DrumPattern:
    """A bar of drums; `tempos` in beats per minute; `swing` where the genre swings."""

    name: str
    tempos: tuple[int, int]
    low: str
    mid: str
    high: str
    swing: bool = False

    @property
    def beats_per_bar(self) -> int:
        return len(self.low.split())

    @property
    def steps_per_beat(self) -> int:
        return len(self.low.split()[0])

    def velocities(self, voice: int) -> tuple[float, ...]:
        """The velocity of each step of the bar in one voice, 0 for rests."""
        line = (self.low, self.mid, self.high)[voice].replace(" ", "")
        return tuple(VELOCITY[mark] for mark in line)


GROOVES = (
    DrumPattern("rock", (80, 160), "X- -- X- --", "-- X- -- X-", "Xx Xx Xx Xx"),
    DrumPattern(
        "rock pushed", (80, 150), "X--- ---x --X- ----", "---- X--- ---- X---", "X-x- X-x- X-x- X-x-"
    ),
    DrumPattern("rock quarters", (90, 180), "X- -x X- --", "-- X- -- X-", "X- X- X- X-"),
    DrumPattern("ballad", (60, 90), "X--- ---- x-x- ----", "---- X--- ---- X---", "x-x- x-x- x-x- x-x-"),
    DrumPattern(
        "four on the floor", (110, 140), "X--- X--- X--- X---", "---- X--- ---- X---", "--X- --X- --X- --X-"
    ),
    DrumPattern(
        "house 16ths", (115, 130), "X--- X--- X--- X---", "---- X--- ---- X--o", "xoXo xoXo xoXo xoXo"
    ),
    DrumPattern("techno", (120, 150), "X--- X--- X--- X---", "---- ---- ---- ----", "--X- --X- --X- --Xx"),
    DrumPattern("disco", (105, 130), "X- X- X- X-", "-- X- -- X-", "xX xX xX xX"),
    DrumPattern("funk", (85, 120), "X-x- ---- --X- ----", "---- X--o -o-o X---", "Xoxo Xoxo Xoxo Xoxo"),
    DrumPattern(
        "funk ghosts", (85, 115), "X--x ---- --x- -x--", "-o-- X-o- -o-o X--o", "x-x- x-x- x-x- x-x-"
    ),
    DrumPattern(
        "hip hop", (75, 100), "X--- --x- -xX- ----", "---- X--- ---- X---", "x-x- x-x- x-x- x-xx", swing=True
    ),
    DrumPattern(
        "boom bap", (80, 98), "X--x ---- --X- -x--", "---- X--- ---- X---", "x-x- x-x- x-x- x-x-", swing=True
    ),
    DrumPattern("trap", (65, 85), "X--- ---x --x- ----", "---- ---- X--- ----", "xxxx xxxx xxxx xxxx"),
    DrumPattern("half time", (70, 150), "X- -- -- -x", "-- -- X- --", "x- x- x- x-"),
    DrumPattern(
        "drum and bass", (80, 90), "X--- ---- --X- ----", "---- X--o -o-- X---", "x-x- x-x- x-x- x-x-"
    ),
    DrumPattern("breakbeat", (90, 140), "X-X- ---- --XX ----", "---- X--o -o-- X--o", "X-x- X-x- X-x- X-x-"),
    DrumPattern("motown", (90, 140), "X- -x X- --", "X- X- X- X-", "xx xx xx xx"),
    DrumPattern("train beat", (90, 130), "X--- X--- X--- X---", "ooXo ooXo ooXo ooXo", "---- ---- ---- ----"),
    DrumPattern("shuffle", (80, 140), "X-- --- X-- ---", "--- X-- --- X--", "X-x X-x X-x X-x"),
    DrumPattern("slow blues", (60, 80), "X-- --x X-- ---", "--- X-- --- X--", "Xxx Xxx Xxx Xxx"),
    DrumPattern("swing ride", (100, 180), "o-- o-- o-- o--", "--- --o --- -o-", "X-- X-x X-- X-x"),
    DrumPattern(
        "bossa nova", (100, 150), "X--x X--x X--x X--x", "x--x --x- --x- -x--", "xxxx xxxx xxxx xxxx"
    ),
    DrumPattern("samba", (90, 120), "X--x X--x X--x X--x", "x-x- xx-x -x-x x-x-", "Xxxx Xxxx Xxxx Xxxx"),
    DrumPattern("son clave", (80, 120), "X--- --x- ---- --x-", "X--X --X- --X- X---", "x-x- x-x- x-x- x-x-"),
    DrumPattern(
        "reggae one drop", (65, 90), "---- ---- X--- ----", "---- ---- X--- ----", "--x- --x- --x- --x-"
    ),
    DrumPattern("steppers", (65, 90), "X--- X--- X--- X---", "---- ---- X--- ----", "--X- x-X- --X- x-X-"),
    DrumPattern("reggaeton", (85, 105), "X--- X--- X--- X---", "---X --X- ---X --X-", "x-x- x-x- x-x- x-x-"),
    DrumPattern("afrobeat", (95, 125), "X--- --X- -x-- X---", "---- -x-- ---- -xX-", "X-xX -xX- xX-x X-x-"),
    DrumPattern(
        "second line", (85, 110), "X--X --X- --X- X---", "X-oX o-Xo -Xo- X-oo", "---- x--- ---- x---"
    ),
    DrumPattern("march", (90, 130), "X- -- X- --", "Xo xo Xo xx", "-- -- -- x-"),
    DrumPattern("waltz", (80, 180), "X- -- --", "-- x- x-", "X- x- x-"),
    DrumPattern("jazz waltz", (100, 170), "X-- --- ---", "--- --o -o-", "X-- X-x X--"),
    DrumPattern("three four rock", (80, 150), "X- -- -x", "-- X- --", "xx xx xx"),
    DrumPattern("six eight ballad", (60, 90), "X-- --x", "--- X--", "Xxx Xxx"),
    DrumPattern("six eight driving", (60, 120), "X-x X--", "--- X--", "Xox Xox"),
    DrumPattern("twelve eight", (60, 110), "X-- --- X-x ---", "--- X-- --- X--", "Xxx Xxx Xxx Xxx"),
    DrumPattern("bembe", (80, 130), "X-- --x --- x--", "--- x-- --- x--", "X-X -XX -X- X-X"),
    DrumPattern("five four", (100, 180), "X- -x -- X- --", "-- -- X- -- X-", "xx xx xx xx xx"),
    DrumPattern(
        "five four jazz", (120, 180), "X-- --- --x x-- ---", "--- --o --- --- x--", "X-- X-x X-- X-- X-x"
    ),
    DrumPattern(
        "seven eight", (150, 240), "X- -- -- X- -- X- --", "-- -- X- -- X- -- X-", "x- x- x- x- x- x- x-"
    ),
    DrumPattern(
        "seven four", (110, 170), "X- -- X- -- X- -x --", "-- X- -- X- -- X- X-", "xx xx xx xx xx xx xx"
    ),
    DrumPattern("toms", (80, 150), "X-x- x-X- x-x- X-x-", "---- X--- --x- X-xx", "---- ---- ---- ----"),
    DrumPattern("claps", (80, 140), "---- ---- ---- ----", "---- X--- ---- X---", "x-x- x-x- x-x- x-x-"),
    DrumPattern("kick alone", (60, 140), "X--- --x- X--- ---x", "---- ---- ---- ----", "---- ---- ---- ----"),
)
