"""Bars of drums that tempo hearing is fitted to besides the grooves: fast, slow, half-time, odd, plain.

Written as in `drum_patterns.py`. None is in the test (`compjax/evaluation/hearing/tempo_patterns.py`).
"""

from __future__ import annotations

from compjax.data.drawing.drum_patterns import DrumPattern

FEELS = (
    DrumPattern("half quarters", (120, 190), "X- -- -x --", "-- -- X- --", "x- x- x- x-"),
    DrumPattern("half quarters 2", (126, 190), "X- -- -- --", "-- -- X- -x", "X- x- X- x-"),
    DrumPattern("half eighths", (110, 180), "X- -- -x x-", "-- -- X- --", "Xx xx Xx xx"),
    DrumPattern("punk 1", (140, 200), "X- X- X- X-", "-X -X -X -X", "x- x- x- x-"),
    DrumPattern("punk 2", (140, 200), "X- -- X- x-", "-- X- -- X-", "X- X- X- X-"),
    DrumPattern("polka", (100, 190), "X- X- X- X-", "-x -x -x -x", "-- -- -- --"),
    DrumPattern("ks 1", (70, 160), "X- -- X- --", "-- X- -- X-", "-- -- -- --"),
    DrumPattern("ks 2", (80, 170), "X- -x X- --", "-- X- -- X-", "-- -- -- --"),
    DrumPattern("ks 3", (60, 120), "X--- --x- --X- ----", "---- X--- ---- X---", "---- ---- ---- ----"),
    DrumPattern("dnb fast", (155, 185), "X- -- -X --", "-- X- -- X-", "xx xx xx xx"),
    DrumPattern("dnb fast 2", (155, 185), "X- -x -- x-", "-- X- -x X-", "x- x- x- x-"),
    DrumPattern("slow 16 a", (44, 74), "X--- ---- x-X- ----", "---- X--- ---- X---", "xxxx xxxx xxxx xxxx"),
    DrumPattern("slow 16 b", (44, 74), "X--x ---- --X- -x--", "---- X--- ---- X-x-", "xxxx xxxx xxxx xxxx"),
    DrumPattern("slow 8 a", (44, 78), "X- -- X- --", "-- X- -- X-", "xx xx xx xx"),
    DrumPattern("slow 6", (44, 72), "X-- --- X-x ---", "--- X-- --- X--", "xxx xxx xxx xxx"),
    DrumPattern("toms a", (70, 140), "X-X- --X- X-X- --X-", "--x- X--- --x- X-x-", "---- ---- ---- ----"),
    DrumPattern("toms b", (80, 140), "X--X --X- --X- X---", "-x-- x--x -x-x --xx", "---- ---- ---- ----"),
    DrumPattern("waltz a", (80, 190), "X- -- --", "-- x- x-", "-- -- --"),
    DrumPattern("waltz b", (90, 190), "X- -- --", "-- x- xx", "x- x- x-"),
    DrumPattern("waltz c", (76, 160), "X- -- x-", "-- -- X-", "x- xx x-"),
    DrumPattern("3 backbeat", (76, 160), "X- -- x-", "-- X- -x", "x- x- x-"),
    DrumPattern("5 a", (90, 180), "X- -- x- X- --", "-- X- -- -- X-", "x- x- x- x- x-"),
    DrumPattern("5 b", (90, 180), "X- -- -x -- X-", "-- -- X- -- --", "xx xx xx xx xx"),
    DrumPattern("5 8 a", (190, 300), "X- -- -- X- --", "-- -- -- -- x-", "x- x- x- x- x-"),
    DrumPattern("5 8 b", (190, 300), "X- -- x- -- --", "-- -- -- X- --", "x- x- x- x- x-"),
    DrumPattern("7 8 a", (190, 300), "X- -- X- -- X- -- --", "-- -- -- -- -- x- x-", "x- x- x- x- x- x- x-"),
    DrumPattern("7 8 b", (190, 300), "X- -- -- X- -- X- --", "-- x- -- -- x- -- x-", "x- x- x- x- x- x- x-"),
    DrumPattern("7 8 c", (190, 300), "X- -- X- -- X- -- --", "-- -- -- -- -- -- X-", "x- -- x- -- x- -- --"),
    DrumPattern("7 4 a", (96, 184), "X- -- X- -- X- -- x-", "-- X- -- X- -- X- --", "xx xx xx xx xx xx xx"),
    DrumPattern("7 4 b", (96, 184), "X- -- -- x- X- -- --", "-- -- X- -- -- X- --", "x- x- x- x- x- x- x-"),
    DrumPattern("6 4 a", (100, 190), "X- -- -- X- -- x-", "-- -- X- -- -- X-", "x- x- x- x- x- x-"),
    DrumPattern("6 4 b", (100, 190), "X- -- x- -- X- --", "-- X- -- X- -- X-", "xx xx xx xx xx xx"),
    DrumPattern("6 4 c", (100, 190), "X- -x -- -- X- --", "-- -- X- -- -x X-", "xx xx xx xx xx xx"),
    DrumPattern("second line", (80, 120), "X-- --X -X- ---", "--x X-- x-o X-x", "x-x x-x x-x x-x"),
    DrumPattern("shuffle half", (80, 135), "X-- --x --- ---", "--- --- X-- ---", "X-x X-x X-x X-x"),
    DrumPattern("ride", (90, 200), "--- --- --- ---", "--- --- --- ---", "X-- X-x X-x X--"),
    DrumPattern("bell", (80, 150), "---- ---- ---- ----", "---- ---- ---- ----", "X-x- X-xx -xX- X-x-"),
    DrumPattern("hat 8", (70, 180), "-- -- -- --", "-- -- -- --", "Xx Xx Xx Xx"),
)  # fmt: skip
"""Feels that the grooves lack."""

PLAIN = (
    DrumPattern("plain hats", (66, 170), "-- -- -- --", "-- -- -- --", "x- x- x- x-"),
    DrumPattern("plain kicks", (66, 170), "X- X- X- X-", "-- -- -- --", "-- -- -- --"),
    DrumPattern("plain claps", (66, 170), "-- -- -- --", "x- x- x- x-", "-- -- -- --"),
    DrumPattern("plain kick hat", (80, 160), "X- X- X- X-", "-- -- -- --", "-x -x -x -x"),
    DrumPattern("plain kick snare", (70, 160), "X- -- X- --", "-- X- -- X-", "-- -- -- --"),
    DrumPattern("plain 3", (80, 180), "X- -- --", "-- -- --", "-- x- x-"),
)  # fmt: skip
"""One or two voices, evenly."""
