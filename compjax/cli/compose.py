"""compjax-compose: two clips in, a new one out.

    compjax-compose --input drums.wav --target piano.wav --output out.wav

writes out.wav, out.mid (the composed part) and out.json (weights, alignment, scores, timings,
checksums), and prints the component weights and the report. With --num_samples above 1 the files
are out_0.wav, out_1.wav, and so on; out_0.wav is what a single sample would be.

--report adds out.html, a page with players and pictures that needs nothing else; --plot FILE a picture.
--save_groove and --save_chords write the hits and chords that were heard, as text to be edited or as
MIDI (.mid); --groove FILE takes the place of --input, --chords FILE that of the chords that are heard.
--input_bpm, --input_meter=7/8 and --input_downbeat (a bar's beginning in seconds) set what is otherwise heard
of the input's beats, --target_bpm and so on those of the target.
--bpm, --transpose, --quantize, --swing give the new piece another tempo, key and feel; --loop --bars=4 makes
it whole bars whose end leads into their beginning, tempo and key in the file's tags.
--sample_rate, --channels and --bit_depth say in which form the sound is written; if not given, with the
target's rate up to 48 kHz and its channels.
--stems writes the sound of each voice as well; --roles=low=bass,mid=chord,high=arpeggio says what they play;
--sfz=FOLDER writes the instrument that was heard, for any sampler that reads SFZ.
--checkpoint DIR takes the best weights of a training run; without any clip the demo pair is composed.
--pairs composes many pairs into the folder --output: a folder of NAME_input.wav and NAME_target.wav,
or a CSV file of input,target.
"""

from __future__ import annotations

import os
import pathlib
import sys

from absl import flags

from compjax import command
from compjax.cli.progress_bar import ManyTimes, ProgressBar
from compjax.errors import EXIT_CODE, UserError
from compjax.files import shown

DEMO = pathlib.Path(__file__).parents[1] / "assets" / "demo"
DEMO_PAIR = (DEMO / "drums.flac", DEMO / "guitar.flac")
"""Input and target that are composed where only a checkpoint is named."""

SHAPE_FLAGS = ("bpm", "transpose", "quantize", "quantize_strength", "swing", "loop", "bars")
"""Flags, and options, that say what tempo, key and length the new piece has."""

GRID_FLAGS = tuple(f"{role}_{what}" for role in ("input", "target") for what in ("bpm", "meter", "downbeat"))
"""Flags, and options, that set what is otherwise heard of a clip's beats."""


FORM_FLAGS = {"sample_rate": "output_rate", "channels": "channels", "bit_depth": "bit_depth"}
"""Flags that say in which form the sound is written, and the options that they are."""


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    choices = ["input", "target", "auto"]
    flags.DEFINE_string("input", None, "Clip that gives the length, and usually the rhythm.", values)
    flags.DEFINE_string("target", None, "Clip for harmony and timbre, usually.", values)
    text = "WAV or FLAC file to write; .mid and .json go beside it. With --pairs, a folder."
    flags.DEFINE_string("output", "out.wav", text, values)
    text = "Many pairs: a folder of NAME_input.wav and NAME_target.wav, or a CSV file of input,target."
    flags.DEFINE_string("pairs", None, text, values)
    text = "Replace files beside the sound (.mid, .json, .html) that no earlier composition has written."
    flags.DEFINE_bool("overwrite", False, text, values)
    _define_files(values)
    for factor in ("rhythm", "harmony", "timbre"):
        text = f"Clip that the {factor} comes from; auto: the selector decides."
        flags.DEFINE_enum(factor, "auto", choices, text, values)
    text = "Six weights in [0, 1] instead: rhythm,harmony,timbre of the input, then of the target."
    flags.DEFINE_list("weights", None, text, values)
    flags.DEFINE_integer("num_samples", 1, "Variations to compose.", 1, flag_values=values)
    flags.DEFINE_integer(
        "seed", 0, "Decides what is drawn; the same seed gives the same bytes.", 0, flag_values=values
    )
    text = "name=value in [0, 1], such as density=0.8; may be repeated. What is not set is drawn."
    flags.DEFINE_multi_string("style", [], text, values)
    _define_grids(values)
    _define_shape(values)
    _define_form(values)
    flags.DEFINE_bool("align", True, "Move the target's beats onto the input's.", values)
    text = "Who decides: rules, a small network, the transformer, own latents; auto: as the weights are made."
    choices = ["auto", "rules", "network", "transformer", "latents"]
    flags.DEFINE_enum("arranger", "auto", choices, text, values)
    text = "How notes are played: on a model fitted to the clip, on samples of it, or what explains it best."
    flags.DEFINE_enum("instrument", "auto", ["auto", "model", "samples"], text, values)
    flags.DEFINE_string(
        "checkpoint",
        None,
        "Weights of the agent, or the folder it was trained in; else the bundled ones.",
        values,
    )
    text = "Codec, the one on whose latents the agent was trained: vocos is bundled, encodec is converted."
    flags.DEFINE_enum("codec", "vocos", ["vocos", "encodec"], text, values)
    text = "The codec's weights, as compjax-port writes them; the bundled ones if not given."
    flags.DEFINE_string("codec_weights", None, text, values)
    return values


def _define_grids(values: flags.FlagValues) -> None:
    """The flags that set tempo, meter and bars of the clips."""
    for role in ("input", "target"):
        text = f"Tempo of the {role} in quarter notes per minute; heard if not given."
        flags.DEFINE_float(f"{role}_bpm", None, text, 0.0, flag_values=values)
        text = f"Meter of the {role}, such as 7/8; heard if not given."
        flags.DEFINE_string(f"{role}_meter", None, text, values)
        text = f"Seconds at which a bar of the {role} begins; heard if not given."
        flags.DEFINE_float(f"{role}_downbeat", None, text, flag_values=values)


def _define_shape(values: flags.FlagValues) -> None:
    """The flags for tempo, key and length of the new piece."""
    text = "Tempo of the new piece in quarter notes per minute; the input's beats if not given."
    flags.DEFINE_float("bpm", None, text, 0.0, flag_values=values)
    flags.DEFINE_integer("transpose", 0, "Semitones that the new piece is moved up.", flag_values=values)
    text = "Move onsets to sixteenths (16), eighths (8), triplets (12) and so on."
    flags.DEFINE_integer("quantize", None, text, 1, flag_values=values)
    text = "Share of the way that --quantize moves onsets."
    flags.DEFINE_float("quantize_strength", 1.0, text, 0.0, 1.0, flag_values=values)
    text = "Share of a pair of eighths (or of --quantize) that the first takes: 0.5 straight, 0.67 triplets."
    flags.DEFINE_float("swing", None, text, 0.0, 1.0, flag_values=values)
    flags.DEFINE_bool("loop", False, "Whole bars whose end leads into their beginning.", values)
    flags.DEFINE_integer(
        "bars", None, "Bars of the --loop; all of the input's if not given.", 1, flag_values=values
    )


def _define_form(values: flags.FlagValues) -> None:
    """The flags for the form of the sound."""
    text = "Sampling rate of the new clip in Hz; if not given, the target's own up to 48000."
    flags.DEFINE_enum("sample_rate", None, ["24000", "44100", "48000"], text, values)
    text = "Channels of the new clip; if not given, as many as the target has."
    flags.DEFINE_enum("channels", None, ["1", "2"], text, values)
    text = "Bits of a sample in the file: 16, 24, or floats (32f, WAV only)."
    flags.DEFINE_enum("bit_depth", "16", ["16", "24", "32f"], text, values)
    text = "Write the sound of each voice too: _low, _mid and _high beside the whole, which is their sum."
    flags.DEFINE_bool("stems", False, text, values)
    text = "What voices play: low, mid, high = bass, chord, arpeggio, top or off, such as mid=off,high=top."
    flags.DEFINE_list("roles", [], text, values)


def _form(values: flags.FlagValues, flag: str):
    """The value of one of `FORM_FLAGS`, numbers as such."""
    value = getattr(values, flag)
    return int(value) if value is not None and flag != "bit_depth" else value


def _define_files(values: flags.FlagValues) -> None:
    """The flags for pictures, pages, grooves and chords."""
    flags.DEFINE_bool("report", False, "Write a page with players and pictures beside the sound.", values)
    text = "PNG or SVG file for a picture of clips, notes, result and weights."
    flags.DEFINE_string("plot", None, text, values)
    text = "File for the groove that was heard: text, or MIDI if its name ends in .mid."
    flags.DEFINE_string("save_groove", None, text, values)
    text = "Groove in the place of --input: text, or MIDI (.mid); it gives rhythm and length."
    flags.DEFINE_string("groove", None, text, values)
    text = "File for the chords that were heard: text, or MIDI if its name ends in .mid."
    flags.DEFINE_string("save_chords", None, text, values)
    text = "Folder for the instrument that was heard, as an SFZ instrument."
    flags.DEFINE_string("sfz", None, text, values)
    text = "Chords in the place of those heard: text, or MIDI (.mid), in seconds of the new piece."
    flags.DEFINE_string("chords", None, text, values)


def run(argv: list[str] | None = None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status."""
    parse = command.strict_parser(define_flags, _check_together)
    return command.run("compjax-compose", __doc__, define_flags, parse, compose, argv)


def _check_together(values: flags.FlagValues) -> None:
    """Flags that need or exclude each other; flags.Error says which."""
    if values.pairs is not None:
        alone = ("input", "target", "groove", "chords", "plot", "save_groove", "save_chords", "sfz")
        if named := [f"--{name}" for name in alone if getattr(values, name) is not None]:
            raise flags.Error(
                f"--pairs does not go with {', '.join(named)}; with --report there are pictures"
            )
        return
    if takes_demo(values):
        return
    if (values.input is None) == (values.groove is None):
        raise flags.Error("give either --input or --groove (or --pairs)")
    if values.target is None:
        raise flags.Error("give --target, the clip for harmony and timbre")


def takes_demo(values: flags.FlagValues) -> bool:
    """Whether weights are to be heard and no clip is named: then the demo pair is composed."""
    named = (values.input, values.target, values.groove, values.pairs)
    return values.checkpoint is not None and all(name is None for name in named)


def compose(values: flags.FlagValues) -> None:
    """Compose what the flags ask for.

    Raises:
        UserError: if a flag's value or a file will not do.
    """
    from compjax.compose.asked import options

    chosen = options.ComposeOptions(
        rhythm=values.rhythm,
        harmony=values.harmony,
        timbre=values.timbre,
        weights=options.parse_weights(values.weights) if values.weights is not None else None,
        seed=values.seed,
        style=options.parse_style(values.style),
        stems=values.stems,
        roles=options.parse_roles(values.roles),
        align=values.align,
        arranger=values.arranger,
        instrument=values.instrument,
        **{name: getattr(values, name) for name in (*GRID_FLAGS, *SHAPE_FLAGS)},
        **{name: _form(values, flag) for flag, name in FORM_FLAGS.items()},
    )
    if values.pairs is not None:
        compose_pairs(values, chosen)
        return
    from compjax.compose.asked.requests import Extras, Request

    extras = Extras(values.plot, values.report, values.save_groove, values.save_chords, values.sfz)
    given_clips = (values.input, values.target)
    if takes_demo(values):
        given_clips = DEMO_PAIR
        command.say(f"no clips are given: composing the demo pair, {' x '.join(p.name for p in DEMO_PAIR)}")
    paths = (*given_clips, values.output)
    given = values.groove, values.chords
    request = Request(*paths, values.num_samples, chosen, *given, extras, values.overwrite)
    request.check()
    request.given()  # a mistake in a groove or in chords is told before anything heavy loads
    _carry_out(request, _load(values))


def compose_pairs(values: flags.FlagValues, chosen) -> None:
    """Compose all pairs; those that cannot be are told of, and the others made nevertheless.

    Raises:
        UserError: if there are no pairs, or some could not be composed.
    """
    from compjax.compose.many_pairs import ManyPairs, summary

    folder = values.output if values["output"].present else "compositions"
    asked = values.num_samples, chosen, values.report, values.overwrite
    batch = ManyPairs(values.pairs, folder, *asked)
    requests, failed = _possible(batch.requests())
    count = len(requests) + failed
    made, loaded = [], _load(values) if requests else None
    bar, times = ProgressBar(), ManyTimes(len(requests))
    for request in requests:
        command.say(f"{times.where()}: {shown(request.input)} x {shown(request.target)}")
        bar.begin(times.where())
        try:
            made += _carry_out(request, loaded, bar)
        except UserError as error:
            failed += 1
            command.fail("compjax-compose", error, EXIT_CODE)
        times.finish_one()
    if batch.report and made:
        command.say(f"Wrote {shown(batch.write_index(made))}")
    command.say(summary(made, count, failed, times.seconds))
    if failed:
        raise UserError(f"{failed} of {count} pairs could not be composed")


def _possible(requests: list) -> tuple[list, int]:
    """The requests whose files are there, and how many are not; each of those is told of."""
    possible = []
    for request in requests:
        try:
            request.check()
            possible.append(request)
        except UserError as error:
            command.fail("compjax-compose", error, EXIT_CODE)
    return possible, len(requests) - len(possible)


def _load(values: flags.FlagValues):
    """The session."""
    with command.loading():
        from compjax.compose import session  # heavy, so only now that all is well

        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        return session.load(values.checkpoint, values.codec, values.codec_weights)


def _carry_out(request, loaded, bar: ProgressBar | None = None) -> list:
    """Compose, write and print a request; an `IndexEntry` of each composition."""
    from compjax.compose.many_pairs import entry_of

    bar, entries = bar or ProgressBar(), []
    for index, (composition, path) in enumerate(request.carry_out(loaded, bar)):
        bar.close()
        written, failures = request.write(composition, index)
        names = ", ".join(map(shown, written))
        command.say(f"{composition.table()}\n\n{composition.words()}\n\nWrote {names}")
        for failure in failures:
            command.fail("compjax-compose", failure, EXIT_CODE)  # a remark: what was asked for first is there
        entries.append(entry_of(composition, path))
    return entries


if __name__ == "__main__":
    sys.exit(run())
