# ruff: noqa: E501
"""Bars of drums for the test of tempo hearing: none is among those that hearing was chosen on.

Straight, swung, half-time and double-time feels, and meters of three, five, six and seven; written as in
`compjax/data/drawing/drum_patterns.py`. `tempos` are of the beats that the bar is written in.
"""

from __future__ import annotations

from compjax.data.drawing.drum_patterns import DrumPattern

PATTERNS = (
    DrumPattern("eighths, plain", (66, 190), "X- x- -- x-", "-- X- -- X-", "xx xx xx xx"),
    DrumPattern("slow sixteenths", (46, 76), "X--- --x- x--- --x-", "---- X--- ---- X---", "xxxx xxxx xxxx xxxx"),
    DrumPattern("slow ballad eighths", (46, 80), "X--- ---- X-x- ----", "---- X--- ---- X---", "x-x- x-x- x-x- x-x-"),
    DrumPattern("quarters and backbeat", (90, 190), "X- -- X- --", "-- X- -- X-", "x- x- x- x-"),
    DrumPattern("kick on all, hats between", (100, 150), "X- X- X- X-", "-- -- -- X-", "-x -x -x -x"),
    DrumPattern("kick on all, clap", (96, 140), "X--- X--- X--- X---", "---- X--- ---- X-x-", "x-X- x-X- x-X- x-X-"),
    DrumPattern("electro", (100, 136), "X--- --X- -X-- ----", "---- X--- ---- X---", "x-x- x-x- x-x- xxx-"),
    DrumPattern("syncopated funk", (84, 116), "X--X ---- -xX- ---x", "---- X--o -o-- X-o-", "x-xx x-x- xxx- x-x-"),
    DrumPattern("new orleans", (84, 116), "X-- --X --X ---", "--- X-o -o- X-o", "x-x x-x x-x x-x"),
    DrumPattern("half time, straight", (120, 170), "X- -x -- --", "-- -- X- --", "xx xx xx xx"),
    DrumPattern("half time, quarters", (130, 190), "X- -- -- x-", "-- -- X- --", "X- x- x- x-"),
    DrumPattern("half time shuffle", (80, 130), "X-- --- --x ---", "--- --- X-- ---", "X-x X-x X-x X-x"),
    DrumPattern("fast punk", (150, 190), "X- x- X- x-", "-X -X -X -X", "x- x- x- x-"),
    DrumPattern("surf", (140, 190), "X- -x X- --", "-- Xx -- X-", "xx xx xx xx"),
    DrumPattern("country two", (96, 140), "X- -- x- --", "ox Xo ox Xo", "-- -- -- --"),
    DrumPattern("jungle", (160, 180), "X- X- -- --", "-- X- -x -x", "xx xx xx xx"),
    DrumPattern("swung eighths", (80, 140), "X- -x X- --", "-- X- -- X-", "Xx Xx Xx Xx", swing=True),
    DrumPattern("swung sixteenths", (72, 104), "X--x --x- -x-- --x-", "---- X--- ---- X--x", "x-xx x-xx x-xx x-xx", True),
    DrumPattern("jazz ride", (90, 190), "--- --- --- ---", "--- --- --- ---", "X-- X-x X-- X-x"),
    DrumPattern("slow twelve eight", (46, 70), "X-- --x X-- --x", "--- X-- --- X--", "xxx xxx xxx xxx"),
    DrumPattern("waltz, rim", (84, 190), "X- -- --", "-- x- x-", "-- -- -x"),
    DrumPattern("waltz, eighths", (80, 160), "X- -- --", "-- -- X-", "xx xx xx"),
    DrumPattern("three four, backbeat on two", (76, 140), "X- -x --", "-- X- --", "xx xx xx"),
    DrumPattern("five, three and two", (96, 180), "X- -- -- X- --", "-- -- X- -- X-", "x- x- x- x- x-"),
    DrumPattern("five, eighths", (90, 150), "X- -- x- -- --", "-- X- -- -- X-", "xx xx xx xx xx"),
    DrumPattern("seven, four and three", (100, 180), "X- -- x- -- X- -- --", "-- X- -- X- -- -- X-", "xx xx xx xx xx xx xx"),
    DrumPattern("seven eighths", (200, 300), "X- -- -- -- X- -- --", "-- -- X- -- -- -- X-", "x- x- x- x- x- x- x-"),
    DrumPattern("five eighths", (200, 300), "X- -- -- -- --", "-- -- -- X- --", "x- x- x- x- x-"),
    DrumPattern("six quarters", (110, 180), "X- -- -- x- -- --", "-- -- X- -- -- X-", "xx xx xx xx xx xx"),
    DrumPattern("bell alone", (80, 140), "---- ---- ---- ----", "---- ---- ---- ----", "X-x- x-xx X-x- x-x-"),
    DrumPattern("kick and snare alone", (80, 150), "X- -- X- x-", "-- X- -- X-", "-- -- -- --"),
    DrumPattern("toms", (76, 130), "X--x --X- X--- --x-", "--x- x--- -xx- X-x-", "---- ---- ---- ----"),
)  # fmt: skip

KINDS = {
    "straight": (
        "eighths, plain", "quarters and backbeat", "kick on all, hats between", "kick on all, clap", "electro",
        "syncopated funk", "country two",
    ),
    "slow": ("slow sixteenths", "slow ballad eighths", "slow twelve eight"),
    "half time": ("half time, straight", "half time, quarters", "half time shuffle"),
    "fast": ("fast punk", "surf", "jungle"),
    "swung": ("new orleans", "swung eighths", "swung sixteenths", "jazz ride"),
    "three": ("waltz, rim", "waltz, eighths", "three four, backbeat on two"),
    "five": ("five, three and two", "five, eighths", "five eighths"),
    "six, seven": ("seven, four and three", "seven eighths", "six quarters"),
    "few voices": ("bell alone", "kick and snare alone", "toms"),
}  # fmt: skip
"""Names of the patterns of a kind; every pattern is of one."""
