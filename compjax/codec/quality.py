"""How well the codec gives recordings back: python -m compjax.codec.quality --audio=DIR [--audio=DIR ...].

Prints, for each folder and number of Griffin-Lim steps, the mel distance, the multi-resolution STFT
distance and ViSQOL (where the package `visqol_python` is installed), means over the folder's files.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import pathlib
import sys
from collections.abc import Callable

import numpy as np
from absl import flags, logging

from compjax import codec, command
from compjax.audio import loudness, waveform
from compjax.audio.transforms import stft
from compjax.audio.transforms.mel import mel_filters
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
RESOLUTIONS = (512, 1024, 2048)  # samples of the FFT; the hop is a quarter
MEL_FFT, MEL_HOP, MEL_BANDS, MEL_TOP = 1024, 256, 80, 8000.0
LOG_FLOOR = 1e-5
VISQOL_RATE = 48_000  # Hz, of its music mode


@dataclasses.dataclass(frozen=True)
class QualityScore:
    """Distances of one resynthesis (or means over several); ViSQOL is 1 to 5, NaN where not measured."""

    mel: float
    stft: float
    visqol: float

    def __str__(self) -> str:
        return f"{self.mel:.3f}\t{self.stft:.3f}\t{self.visqol:.3f}"


def stft_distance(truth: np.ndarray, estimate: np.ndarray) -> float:
    """Spectral convergence plus mean log-magnitude difference, averaged over `RESOLUTIONS`; audio `[S]`."""
    total = 0.0
    for size in RESOLUTIONS:
        first, second = (stft.magnitude(audio, size, size // 4) for audio in (truth, estimate))
        total += float(np.linalg.norm(first - second) / np.linalg.norm(first)) + _log_distance(first, second)
    return total / len(RESOLUTIONS)


def mel_distance(truth: np.ndarray, estimate: np.ndarray) -> float:
    """Mean absolute difference of log mel magnitudes (80 bands, 0 to 8 kHz); audio `[S]`."""
    filters = mel_filters(MEL_FFT, MEL_BANDS, MEL_TOP)
    return _log_distance(*(stft.magnitude(audio, MEL_FFT, MEL_HOP) @ filters for audio in (truth, estimate)))


def _log_distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean(np.abs(np.log(first + LOG_FLOOR) - np.log(second + LOG_FLOOR))))


def make_visqol() -> Callable[[np.ndarray, np.ndarray], float]:
    """ViSQOL in its music mode, of two clips `[S]` at 24 kHz; NaN always where it is not installed."""
    if not all(importlib.util.find_spec(name) for name in ("visqol", "libsvm")):
        logging.warning("ViSQOL is left out: pip install visqol-python libsvm-official")
        return lambda truth, estimate: float("nan")
    from visqol import VisqolApi

    api = VisqolApi()
    api.create(mode="audio")

    def measure(truth: np.ndarray, estimate: np.ndarray) -> float:
        pair = [waveform.resample(x, SAMPLE_RATE, VISQOL_RATE).astype(np.float64) for x in (truth, estimate)]
        return float(api.measure_from_arrays(*pair, VISQOL_RATE).moslqo)

    return measure


def excerpts(folder: pathlib.Path, seconds: float, limit: int) -> list[np.ndarray]:
    """The middle `seconds` of up to `limit` files of `folder`, evenly spread, at the reference level."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise UserError(f"no audio below {folder}; give a folder of WAV, FLAC, OGG or MP3 files")
    chosen = [files[i] for i in np.unique(np.linspace(0, len(files) - 1, min(limit, len(files))).astype(int))]
    clips = []
    for path in chosen:
        length = waveform.read_info(path).seconds
        audio = waveform.read(path, offset=max(0.0, (length - seconds) / 2), duration=seconds)
        if not loudness.is_silent(audio):
            clips.append(loudness.normalize_rms(audio))
    return clips


def score_folder(
    clips: list[np.ndarray], decode: Callable, encode: Callable, visqol: Callable
) -> QualityScore:
    """Mean scores of the clips' resyntheses."""
    rows = []
    for clip in clips:
        estimate = np.asarray(decode(encode(clip[None])))[0, : clip.size]
        row = mel_distance(clip, estimate), stft_distance(clip, estimate), visqol(clip, estimate)
        rows.append(row)
    return QualityScore(*np.mean(rows, axis=0))


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    text = "Folder of recordings; may be given more than once."
    flags.DEFINE_multi_string("audio", None, text, values, required=True)
    flags.DEFINE_string("weights", None, "Weights (.npz); the bundled ones by default.", values)
    flags.DEFINE_list("refine_steps", None, "Numbers of Griffin-Lim steps to compare.", values)
    text = "Length of the excerpt of each file."
    flags.DEFINE_float("seconds", 8.0, text, 0.1, flag_values=values)
    flags.DEFINE_integer("limit", 12, "Files of each folder.", 1, flag_values=values)
    return values


def steps_of(named: list[str] | None, usual: int) -> list[int]:
    """Numbers of Griffin-Lim steps that were named; UserError for what is none."""
    for steps in named or ():
        if not steps.isdecimal():
            raise UserError(f"--refine_steps={','.join(named)}: {steps!r} is no number of steps")
    return [int(steps) for steps in named or [usual]]


def compare(values: flags.FlagValues) -> None:
    """Print the scores of what the flags name."""
    made, params = codec.load(path=values.weights)
    several = steps_of(values.refine_steps, made.config.refine_steps)
    folders = {name: excerpts(pathlib.Path(name), values.seconds, values.limit) for name in values.audio}
    import jax

    visqol = make_visqol()
    command.say("folder\tfiles\trefine_steps\tmel\tstft\tvisqol")
    for steps in several:
        variant = dataclasses.replace(made, config=dataclasses.replace(made.config, refine_steps=steps))
        decode = jax.jit(lambda latents, variant=variant: variant.decode(params, latents))
        for name, clips in folders.items():
            score = score_folder(clips, decode, lambda audio: made.encode(params, audio), visqol)
            command.say(f"{name}\t{len(clips)}\t{steps}\t{score}")


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return command.run_strict("compjax.codec.quality", __doc__, define_flags, compare, argv)


if __name__ == "__main__":
    sys.exit(run())
