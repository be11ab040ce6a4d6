"""What a composition is asked for. Pure Python, so that mistakes are found before anything heavy loads."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compjax.audio.sound_files import BIT_DEPTHS, OUTPUT_RATES
from compjax.compose.asked.shape import Shape
from compjax.constants import MAX_SECONDS
from compjax.errors import UserError
from compjax.music.factors import CHOICES, COMPONENTS, FACTORS
from compjax.music.roles import roles_of
from compjax.music.time.meter import GridSettings, Meter, bpm_of

if TYPE_CHECKING:
    from compjax.music.score import Harmony

ARRANGERS = ("auto", "rules", "network", "transformer", "latents")
"""Who decides the notes: see `compjax/arranging/`; "latents" are an agent's own, played by no instrument."""

INSTRUMENTS = ("auto", "model", "samples")
"""How the notes are played: see `compjax/instrument/capture.py`."""

GRID_NUMBERS = ("input_bpm", "input_downbeat", "target_bpm", "target_downbeat")
"""Fields that hold numbers of the clips' grids."""

METERS = ("input_meter", "target_meter")
"""Fields that hold a meter."""


@dataclasses.dataclass(frozen=True)
class ComposeOptions:
    """How two clips become one.

    Attributes:
        rhythm: clip that the rhythm comes from: "input", "target", or "auto" (the selector decides).
        harmony: the same for the harmony.
        timbre: the same for the timbre.
        weights: six numbers in [0, 1] in the order of `COMPONENTS`, in place of the switches.
        seed: with the number of the variation, decides everything that is drawn; 0 or more.
        style: numbers in [0, 1] by name (the fields of `Style`); the rest are drawn.
        align: move the target's beats onto the input's.
        arranger: one of `ARRANGERS`, who decides the notes; "auto" is what the weights are made for.
        instrument: "model" (fitted to the clip), "samples" (cut out of it), or "auto", what explains it best.
        chords: a `Harmony` (`compjax.read_chords`) in the place of the one that is heard; None for that one.
        input_bpm: tempo of the input in quarter notes per minute, 20 to 400; None is heard, as the next are.
        input_meter: its beats to the bar and their note, such as "7/8".
        input_downbeat: seconds in it at which a bar begins.
        target_bpm: the same of the target.
        target_meter: the same.
        target_downbeat: the same.
        bpm: tempo of the new piece in quarter notes per minute; None keeps the input's beats.
        transpose: semitones that the new piece is moved up, -24 to 24.
        quantize: notes of a whole note, such as 16, to which its onsets are moved; None leaves them.
        quantize_strength: share of the way that they are moved, 0 to 1.
        swing: share of a pair of eighths (or of what quantize says) that the first takes, 0.5 to 0.8.
        loop: the new piece is whole bars, and its end leads into its beginning.
        bars: how many; None takes all whole bars of the input.
        output_rate: sampling rate of the new clip, one of `OUTPUT_RATES`; None is that of the clip whose
            instrument plays, up to 48 kHz. More than that clip has is not made up.
        channels: 1 or 2; None is as many as that clip has.
        bit_depth: of the file's samples, one of `BIT_DEPTHS`.
        stems: the sound of each voice (low, mid, high) too, together the whole.
        roles: what a voice plays, one of `ROLES` by its name; the others as usual. The rules only.

    Raises:
        UserError: at construction, if a value is none of these.
    """

    rhythm: str = "auto"
    harmony: str = "auto"
    timbre: str = "auto"
    weights: Sequence[float] | None = None
    seed: int = 0
    style: Mapping[str, float] | None = None
    align: bool = True
    arranger: str = "auto"
    instrument: str = "auto"
    chords: Harmony | None = None
    input_bpm: float | None = None
    input_meter: str | Meter | None = None
    input_downbeat: float | None = None
    target_bpm: float | None = None
    target_meter: str | Meter | None = None
    target_downbeat: float | None = None
    bpm: float | None = None
    transpose: int = 0
    quantize: int | None = None
    quantize_strength: float = 1.0
    swing: float | None = None
    loop: bool = False
    bars: int | None = None
    output_rate: int | None = None
    channels: int | None = None
    bit_depth: str = "16"
    stems: bool = False
    roles: Mapping[str, str] | None = None

    def __post_init__(self):
        _check_single(self)
        self.input_grid, self.target_grid, self.shape  # noqa: B018  # they say what is wrong with them
        _check_switches(self)
        roles_of(self.roles)
        numbers = [f.name for f in dataclasses.fields(Shape)] + [*GRID_NUMBERS, "output_rate", "channels"]
        plain = {name: _plain(getattr(self, name)) for name in numbers} | {
            "bit_depth": str(self.bit_depth),
            "weights": _plain_weights(self.weights),
            "style": _plain_style(self.style),
            "seed": whole_number(self.seed, "the seed", 0),
            "align": _plain_bool(self.align, "align"),
            "loop": _plain_bool(self.loop, "loop"),
            "stems": _plain_bool(self.stems, "stems"),
            "roles": dict(self.roles) if isinstance(self.roles, Mapping) else self.roles or None,
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)  # NumPy's numbers become Python's, as JSON has them
        if (self.chords is not None) and not getattr(self.chords, "spans", ()):
            raise UserError("the chords hold none; give those that read_chords returns")
        for what, value, known in (
            ("arranger", self.arranger, ARRANGERS),
            ("instrument", self.instrument, INSTRUMENTS),
            ("output_rate", self.output_rate, (None, *OUTPUT_RATES)),
            ("channels", self.channels, (None, 1, 2)),
            ("bit_depth", self.bit_depth, tuple(BIT_DEPTHS)),
        ):
            _check_one_of(what, value, known)

    @property
    def input_grid(self) -> GridSettings:
        """What is set of the input's tempo, meter and bars."""
        return grid_settings("input_", self.input_bpm, self.input_meter, self.input_downbeat)

    @property
    def target_grid(self) -> GridSettings:
        """What is set of the target's."""
        return grid_settings("target_", self.target_bpm, self.target_meter, self.target_downbeat)

    @property
    def shape(self) -> Shape:
        """What is done to tempo, key and length of the new piece."""
        return Shape(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Shape)})

    @property
    def switches(self) -> tuple[str, str, str]:
        """The switches in the order of `FACTORS`."""
        return (self.rhythm, self.harmony, self.timbre)

    def for_groove(self) -> ComposeOptions:
        """The options with a groove in the input's place: it has a rhythm, and nothing else.

        Raises:
            UserError: if another clip's rhythm is asked for, or the groove's harmony or timbre.
        """
        possible = dict(zip(FACTORS, ("input", "target", "target"), strict=True))
        for (factor, only), choice in zip(possible.items(), self.switches, strict=True):
            if choice not in (only, "auto"):
                raise UserError(f"with a groove, {factor} comes from the {only}; leave out {factor}={choice}")
        if self.weights is not None:
            raise UserError("with a groove there is nothing to weigh; leave out the weights")
        return dataclasses.replace(self, **possible)

    def summary(self) -> dict:
        """The options as they stand in a report: chords by time and name."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values |= {name: str(values[name]) for name in METERS if values[name] is not None}
        if self.chords is not None:
            from compjax.music.chords.chord_names import name_of

            values["chords"] = [[round(s.start, 3), name_of(s.pitches, s.bass)] for s in self.chords.spans]
        return values


def grid_settings(prefix: str, bpm, meter, downbeat) -> GridSettings:
    """Tempo, meter and a bar's beginning of a clip, checked; UserError if one will not do.

    What stands before their names in messages is `prefix`; None is to be heard.
    """
    if bpm is not None:
        bpm = bpm_of(bpm, f"{prefix}bpm")
    if meter is not None and not isinstance(meter, Meter):
        meter = Meter.parse(meter, f"{prefix}meter")
    if downbeat is not None:
        downbeat = _number(downbeat, f"{prefix}downbeat")
        if not abs(downbeat) <= MAX_SECONDS:
            raise UserError(f"{prefix}downbeat must be seconds within the clip, not {downbeat}")
    return GridSettings(bpm, meter, downbeat)


def _check_one_of(what: str, value, known: tuple) -> None:
    """UserError if a value is none of those known, of which None need not be said."""
    if isinstance(value, bool) or value not in known:
        said = ", ".join(str(one) for one in known if one is not None)
        raise UserError(f"the {what} must be one of {said}, not {value!r}")


def _check_single(options: ComposeOptions) -> None:
    """UserError if an array of several stands where one value is wanted; such cannot even be compared."""
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if field.name != "weights" and getattr(_plain(value), "ndim", 0):
            raise UserError(f"{field.name} is one value, not an array of shape {value.shape}")


def _check_switches(options: ComposeOptions) -> None:
    for factor, choice in zip(FACTORS, options.switches, strict=True):
        if choice not in CHOICES:
            raise UserError(f"{factor} must be one of {', '.join(CHOICES)}, not {choice!r}")
        if options.weights is not None and choice != "auto":
            raise UserError(f"give either the six weights or {factor}={choice}, not both")


def _plain_weights(weights: Sequence[float] | None) -> tuple[float, ...] | None:
    """Six weights of any kind of sequence or array, as Python's numbers."""
    if weights is None:
        return None
    try:
        values = list(weights)
    except TypeError:
        raise UserError(f"the weights must be {len(COMPONENTS)} numbers, not {weights!r}") from None
    if len(values) != len(COMPONENTS):
        raise UserError(f"{len(COMPONENTS)} weights are needed ({', '.join(COMPONENTS)}), not {len(values)}")
    shares = tuple(
        _share(value, f"the weight of {name}") for name, value in zip(COMPONENTS, values, strict=True)
    )
    if not any(shares):
        raise UserError("all six weights are 0, so nothing would be played; give at least one above 0")
    return shares


def _plain_style(style: Mapping[str, float] | None) -> dict[str, float] | None:
    """A style with Python's numbers."""
    if not style:
        return None
    if not isinstance(style, Mapping):
        raise UserError(f"a style is numbers by name, such as {{'density': 0.5}}, not {style!r}")
    from compjax.music.style import Style  # brings NumPy

    names = [field.name for field in dataclasses.fields(Style)]
    for name in style:
        if name not in names:
            raise UserError(f"there is no style called {name!r}; there are {', '.join(names)}")
    return {name: _share(value, f"the style {name}") for name, value in style.items()}


def _share(value, what: str) -> float:
    """A number in [0, 1] of any type, arrays of one number among them."""
    try:
        number = float(_plain(value))
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, str | bytes) or not 0.0 <= number <= 1.0:
        raise UserError(f"{what} must be between 0 and 1, not {value}")
    return number


def whole_number(value, what: str, least: int) -> int:
    """A whole number of any type, arrays of one number among them; UserError if it is none of them."""
    try:
        number = operator.index(_plain(value))
    except (TypeError, ValueError):
        number = least - 1
    if number < least or isinstance(value, bool):
        raise UserError(f"{what} must be a whole number of {least} or more, not {value!r}")
    return number


def _plain(value):
    """A number of NumPy's or JAX's, or an array of one, as Python's; others as they are."""
    try:
        return value.item()
    except (AttributeError, TypeError, ValueError):
        return value


def _plain_bool(value, what: str) -> bool:
    plain = _plain(value)
    if not isinstance(plain, bool | int) or plain not in (0, 1):
        raise UserError(f"{what} must be True or False, not {value!r}")
    return bool(plain)


def parse_weights(text: Sequence[str]) -> tuple[float, ...]:
    """The numbers of a comma-separated list that is already split.

    Raises:
        UserError: if one is no number.
    """
    return tuple(_number(word, "a weight") for word in text)


def parse_style(assignments: Sequence[str]) -> dict[str, float]:
    """`name=value` texts as a mapping.

    Raises:
        UserError: if one has no equals sign or no number behind it.
    """
    style = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"a style is given as name=value, such as density=0.5, not {text!r}")
        style[name.strip()] = _number(value, f"the style {name.strip()}")
    return style


def parse_roles(assignments: Sequence[str]) -> dict[str, str]:
    """`voice=role` texts as a mapping; UserError if one has no equals sign."""
    roles = {}
    for text in assignments:
        voice, equals, role = text.partition("=")
        if not equals:
            raise UserError(f"roles are given as voice=role, such as high=top, not {text!r}")
        roles[voice.strip()] = role.strip()
    return roles


def _number(text, what: str) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        raise UserError(f"{what} must be a number, not {text!r}") from None
