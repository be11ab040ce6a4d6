"""What compjax-evaluate judges: models by the names of their rows, and systems that need no training."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from absl import flags

from compjax.errors import UserError
from compjax.files import checkpoint_file

BEFORE = "compjax before"
"""Name of the row of the weights that --compare names."""


def compares_weights(values: flags.FlagValues) -> bool:
    """Whether --compare names weights, and not an earlier run's scores.json."""
    return values.compare is not None and pathlib.Path(values.compare).suffix == ".npz"


def models(values: flags.FlagValues) -> dict[str, pathlib.Path | None]:
    """The models that the flags name: names of rows to weights files, None for the bundled ones.

    Raises:
        UserError: if a file is missing, or a name cannot be a row's.
    """
    from compjax.evaluation.benchmark import OURS

    found: dict[str, pathlib.Path | None] = {}
    if values.model and not values.compare_agents:
        found[OURS] = checkpoint_file(values.checkpoint) if values.checkpoint else None
    if compares_weights(values):
        found[BEFORE] = _weights("compare", values.compare)
    return found | named_weights(values.others)


def named_weights(others: list[str]) -> dict[str, pathlib.Path]:
    """The value of --others, names to files.

    Raises:
        UserError: if a part of it is not NAME=FILE, its name is taken, or there is no such file.
    """
    found: dict[str, pathlib.Path] = {}
    taken = _reserved()
    for part in others:
        name, equals, file = (piece.strip() for piece in part.partition("="))
        if not (name and equals and file):
            raise UserError(f"--others={part}: give NAME=FILE, the file one of weights")
        if name in found or name in taken:
            why = "given twice" if name in found else "the name of a row already"
            raise UserError(f"--others={part}: {name!r} is {why}; choose another name")
        found[name] = _weights("others", file)
    return found


def _reserved() -> set[str]:
    """Names that rows have of themselves."""
    from compjax.evaluation import benchmark
    from compjax.measures.baselines import BASELINES

    fixed = {benchmark.OURS, benchmark.CEILING, *benchmark.CONTROLS.values(), BEFORE, *BASELINES}
    return fixed | {coded_name(name) for name in fixed}


def _weights(flag: str, file: str) -> pathlib.Path:
    path = pathlib.Path(file)
    if not path.is_file():
        raise UserError(f"--{flag}: there is no file of weights {file}")
    return path


def checksums(files: Mapping[str, pathlib.Path | None]) -> dict[str, dict[str, str]]:
    """File and SHA-256 of every model, for the results."""
    from compjax.compose.composers.loading import BUNDLED
    from compjax.files import sha256_of

    def described(path: pathlib.Path | None) -> dict[str, str]:
        file = BUNDLED if path is None else path
        name = f"{file.name} (bundled)" if path is None else str(path)
        return {"file": name, "sha256": sha256_of(file)}

    return {name: described(path) for name, path in files.items()}


def composing_systems(
    values: flags.FlagValues, files: Mapping[str, pathlib.Path | None], load: Callable[..., Any]
) -> dict[str, Callable]:
    """Every model as a system; all are loaded before the first composes, so that a bad file ends it soon.

    Args:
        load: (checkpoint, codec, codec_weights) to a session.
    """
    sessions = {name: load(path, values.codec, values.codec_weights) for name, path in files.items()}
    return {name: composing(session, values.seed) for name, session in sessions.items()}


def composing(
    session: Any, seed: int, told: bool = True, weights: list[Mapping] | None = None
) -> Callable[..., Any]:
    """A session as a system that `compjax.evaluation.benchmark` can judge.

    Args:
        seed: other seeds, other music.
        told: whether the switches say which clip each factor is from; else the agent chooses.
        weights: gets the component weights of every output, if given.
    """
    from compjax.constants import SAMPLE_RATE
    from compjax.evaluation.benchmark import Output

    def system(pair, switches) -> Output:
        chosen = dataclasses.asdict(switches) if told else {}
        options = {"seed": seed, "style": dict(pair.style) or None, "align": pair.aligned is not None}
        made = session.compose(pair.given, pair.target, sample_rate=SAMPLE_RATE, **chosen, **options)
        if weights is not None:
            weights.append(made.weights)
        return Output(made.audio, made.notes if session.writes_notes else None)

    return system


def untrained_systems(values: flags.FlagValues) -> dict[str, Callable]:
    """The baselines that the flags ask for, and with --coded their codec forms and the ceiling's."""
    from compjax.evaluation import benchmark

    systems = benchmark.baseline_systems() if values.baselines else {}
    if not values.coded:
        return systems
    recoded = {benchmark.CEILING: benchmark.ceiling_system, **systems} if values.rendered else systems
    return systems | (coded(values, recoded) if recoded else {})


def coded_name(name: str) -> str:
    """The name of a system whose outputs went through the codec."""
    from compjax.evaluation.report import CODED

    return name + CODED


def coded(values: flags.FlagValues, systems: Mapping[str, Callable]) -> dict[str, Callable]:
    """The systems with their outputs through the codec, as the model's are: it alone looks a little new."""
    import jax
    import numpy as np

    import compjax.codec
    from compjax.audio.loudness import normalize_rms
    from compjax.evaluation.benchmark import Output

    codec, params = compjax.codec.load(values.codec, values.codec_weights)
    code = jax.jit(lambda params, audio: codec.decode(params, codec.encode(params, audio)))

    def through_codec(system):
        def recoded(pair, switches) -> Output:
            made = system(pair, switches)
            audio = np.asarray(code(params, normalize_rms(made.audio)[None]))[0, : made.audio.size]
            return Output(audio, made.notes)

        return recoded

    return {coded_name(name): through_codec(system) for name, system in systems.items()}
