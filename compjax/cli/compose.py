"""compjax-compose: two clips in, a new one out.

    compjax-compose --input drums.wav --target piano.wav --output out.wav

writes out.wav, out.mid (the composed part) and out.json (weights, alignment, scores, timings,
checksums), and prints the component weights and the report. With --num_samples above 1 the files
are out_0.wav, out_1.wav, and so on; out_0.wav is what a single sample would be.
"""

from __future__ import annotations

import os
import sys
import time

from absl import flags

from compjax.audio.errors import EXIT_CODE, UserError

EXIT_USAGE = 1
"""Exit status after flags that cannot be parsed."""

EXIT_INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    choices = ["input", "target", "auto"]
    flags.DEFINE_string(
        "input", None, "Clip that gives the length, and usually the rhythm.", values, required=True
    )
    flags.DEFINE_string("target", None, "Clip for harmony and timbre, usually.", values, required=True)
    flags.DEFINE_string(
        "output", "out.wav", "WAV or FLAC file to write; .mid and .json go beside it.", values
    )
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
    flags.DEFINE_bool("align", True, "Move the target's beats onto the input's.", values)
    text = "Who decides the notes: the arranging rules on what was heard, or the composer network."
    flags.DEFINE_enum("arranger", "rules", ["rules", "network"], text, values)
    flags.DEFINE_string("checkpoint", None, "Weights of the agent; the bundled ones if not given.", values)
    text = "Codec, the one on whose latents the agent was trained: vocos is bundled, encodec is converted."
    flags.DEFINE_enum("codec", "vocos", ["vocos", "encodec"], text, values)
    text = "The codec's weights, as compjax-port writes them; the bundled ones if not given."
    flags.DEFINE_string("codec_weights", None, text, values)
    flags.DEFINE_bool("help", False, "Show this help.", values, short_name="h", allow_hide_cpp=True)
    return values


def run(argv: list[str] | None = None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status."""
    values = define_flags()
    argv = sys.argv if argv is None else argv
    if {"--help", "-help", "-h", "--helpfull"} & set(argv[1:]):
        print(f"{__doc__}\n{values.get_help()}")
        return 0
    try:
        surplus = values(argv)[1:]
        if surplus:
            raise flags.Error(f"arguments that belong to no flag: {' '.join(surplus)}")
    except flags.Error as error:
        return _fail(f"{error} (--help lists the flags)", EXIT_USAGE)
    try:
        compose(values)
    except UserError as error:
        return _fail(error, EXIT_CODE)
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_INTERRUPTED)
    return 0


def compose(values: flags.FlagValues) -> None:
    """Compose what the flags ask for.

    Raises:
        UserError: if a flag's value or a file will not do.
    """
    from compjax.inference import options, requests

    weights = options.parse_weights(values.weights) if values.weights is not None else None
    chosen = options.ComposeOptions(
        rhythm=values.rhythm,
        harmony=values.harmony,
        timbre=values.timbre,
        weights=weights,
        seed=values.seed,
        style=options.parse_style(values.style),
        align=values.align,
        arranger=values.arranger,
    )
    request = requests.Request(values.input, values.target, values.output, values.num_samples, chosen)
    request.check()
    from compjax.inference import session  # heavy, so only now that all is well

    bar = ProgressBar()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    loaded = session.load(values.checkpoint, values.codec, values.codec_weights)
    for composition, path in request.carry_out(loaded, bar):
        bar.close()
        written = composition.save(path)
        print(
            f"{composition.table()}\n\n{composition.words()}\n\nWrote {', '.join(map(str, written))}",
            flush=True,
        )


class ProgressBar:
    """What is being done, on stderr: a bar on a terminal, now and then a line elsewhere."""

    def __init__(self, stream=None, width: int = 30, quiet_seconds: float = 1.0, line_seconds: float = 10.0):
        """Keep quiet for `quiet_seconds`; without a terminal, write a line every `line_seconds`."""
        self._stream = sys.stderr if stream is None else stream
        self._width = width
        self._on_terminal = self._stream.isatty()
        self._pause = 0.1 if self._on_terminal else line_seconds
        self._next = time.monotonic() + (quiet_seconds if self._on_terminal else line_seconds)
        self._shown = False

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Say that `done` of `total` windows of a phase are finished."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._pause
        filled = round(self._width * done / max(total, 1))
        bar = "#" * filled + "." * (self._width - filled)
        text = f"{phase:8} [{bar}] {100 * done // max(total, 1):3d} %"
        self._stream.write(f"\r{text}" if self._on_terminal else f"{text}\n")
        self._stream.flush()
        self._shown = self._on_terminal

    def close(self) -> None:
        """Leave the terminal's line as it was."""
        if self._shown:
            self._stream.write("\r" + " " * (self._width + 18) + "\r")
            self._stream.flush()
        self._shown = False


def _fail(message, status: int) -> int:
    print(f"compjax-compose: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(run())
