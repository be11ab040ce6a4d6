"""What a session composes with, whichever agent it is: hear two clips, decide gates, compose, render.

    ArrangingComposer   hears hits and chords, decides notes, renders them       (compose/agent.py)
    DirectComposer      from two clips' latents straight to the composed ones    (compose/direct.py)

Latents and gates begin with `LEAD_IN` frames of silence; the times of notes count from the clips after them.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
from typing import Any, Protocol

import numpy as np

from compjax.arranging.steering import HEARD, Steering
from compjax.errors import UserError
from compjax.music.score import Note
from compjax.music.style import Style

BUNDLED = pathlib.Path(__file__).parents[1] / "assets" / "compositional.npz"

COMPOSITIONAL = "Compositional (rhythm/harmony/timbre)"
"""Title of agents that compose of the six components."""

LEAD_IN = 16
"""Frames of silence before the clips as they are heard: a sound is a hit because it was quiet before."""


@dataclasses.dataclass(frozen=True)
class Sound:
    """A clip at the reference level as an agent gets it, after `LEAD_IN` frames of silence.

    Attributes:
        latents: `[T, D]`, the codec's.
        spectrum: `[ceil(T / 4), 300]`, see `compjax.audio.pitch_spectrum`.
    """

    latents: np.ndarray
    spectrum: np.ndarray


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has been decided of a composition before it is rendered.

    Attributes:
        notes: the composed part; empty where the agent writes none.
        latents: `[T, D]`, where the agent composes latents and not notes.
    """

    notes: tuple[Note, ...] = ()
    latents: np.ndarray | None = None


class HeardPair(Protocol):
    """What was heard in input and target; `clips` says what of it is known of each, for showing it."""

    clips: tuple[Any, Any]


class Composer(Protocol):
    """An agent, ready to compose.

    Attributes:
        title: names the agent and its factors, as the report and the table of weights do.
        remarks: sentences for the report on what this agent does not do.
        writes_notes: whether `Plan.notes` can hold any.
        raw_latents: whether it was trained on a codec's latents as they come, not normalised.
    """

    title: str
    remarks: tuple[str, ...]
    writes_notes: bool
    raw_latents: bool

    def listen(self, input: Sound, target: Sound) -> HeardPair:
        """What is heard in two clips of one length; shared by all variations of the pair."""
        ...

    def select(self, heard: HeardPair) -> np.ndarray:
        """The gates `[T, 6]` in [0, 1] that the agent chooses by itself."""
        ...

    def compose(
        self, heard: HeardPair, decided: np.ndarray, style: Style, arranger: str, steering: Steering = HEARD
    ) -> Plan:
        """A composition for gates `[T, 6]`; style and arranger matter to agents that have them.

        Raises:
            UserError: if `steering` is given to an agent that composes on what it hears alone.
        """
        ...

    def render(self, heard: HeardPair, decided: np.ndarray, plan: Plan) -> np.ndarray:
        """Latents `[T, D]` of the plan."""
        ...


def load_composer(path: str | os.PathLike | None = None, codec: str = "vocos") -> Composer:
    """The bundled agent, or the one of a file that training or `compjax-port` wrote.

    Args:
        path: weights of an agent of any kind; None takes the bundled ones.
        codec: name of the codec whose latents it will be given.

    Raises:
        UserError: if the file holds no agent, or one for another codec's latents.
    """
    from compjax.codec.weights import load_weights

    config, variables = load_weights(path or BUNDLED)
    name = os.fspath(path or BUNDLED)
    if "agent" not in config:
        raise UserError(f"{name} holds the weights of a codec, not of an agent; give it as --codec_weights")
    _check_codec(name, config, codec)
    try:
        return _composer(config, variables)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{name} holds no agent of this version ({error}); train it again") from error


def _check_codec(name: str, config: dict, codec: str) -> None:
    """Refuse latents of another codec than the agent knows."""
    trained_on = config.get("codec", "vocos")
    if trained_on != codec:
        raise UserError(
            f"{name} was trained on latents of the codec {trained_on!r}, not {codec!r}; "
            f"choose it with --codec {trained_on}"
        )


def _composer(config: dict, variables: dict) -> Composer:
    """The composer of an agent's kind."""
    from compjax.models.registry import build_agent

    module = build_agent(config["agent"], config["settings"])
    if config["agent"] == "arranging":
        from compjax.compose.agent import Agent, ArrangingComposer

        return ArrangingComposer(Agent(module, variables))
    from compjax.compose.direct import FRAMES, DirectComposer

    frames, raw = int(config.get("frames", FRAMES)), bool(config.get("raw_latents", False))
    return DirectComposer(module, variables, frames, raw)
