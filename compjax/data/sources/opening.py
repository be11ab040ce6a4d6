"""The sources of a configuration, opened: rendered swaps, shards, paired files, or any music."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import Any

from compjax.data.sources.source import ExampleConfig, Source, SourceConfig
from compjax.data.splits import DRAWN
from compjax.errors import UserError

KINDS = ("rendered", "shards", "pairs", "music")


def guess_kind(folder: str) -> str:
    """Which kind of source a folder is, by the names of its files."""
    place = pathlib.Path(folder)
    if not place.is_dir():
        raise UserError(
            f"{folder}: no such folder of training data; render one with compjax-render --output {folder}"
        )
    if any(place.glob("*.npz")):
        return "shards"
    if any(place.rglob("*_input.*")):
        return "pairs"
    return "music"


def parse_sources(value: Any) -> tuple[SourceConfig, ...]:
    """The sources of a configuration: a folder's name, settings by kind, or "drawn" or "drawn:SEED".

    The last renders factor swaps as they are needed, all of them by instruments drawn from numbers.

    One of weight 0 is left out, and so is one without a folder if it needs one.

    Raises:
        UserError: for an unknown kind or setting, or if no source is left.
    """
    if isinstance(value, str) and (drawn := re.fullmatch(rf"{DRAWN}(?::(\d+))?", value)):
        return (SourceConfig("rendered", split=DRAWN, seed=int(drawn[1] or 0)),)
    if isinstance(value, str):
        return (SourceConfig(guess_kind(value), value),)
    known = {field.name for field in dataclasses.fields(SourceConfig)} - {"kind"}
    found = []
    for kind, settings in dict(value).items():
        if kind not in KINDS:
            raise UserError(f"unknown kind of data {kind!r}; there are {', '.join(KINDS)}")
        if unknown := sorted(set(settings) - known):
            raise UserError(f"unknown settings {unknown} of the data {kind!r}; there are {sorted(known)}")
        config = SourceConfig(kind, **settings)
        if config.weight < 0:
            raise UserError(f"the weight of the data {kind!r} is {config.weight}; give 0 or more")
        if config.weight > 0 and (config.folder or kind == "rendered"):
            found.append(config)
    if not found:
        places = " or ".join(f"data.train.{kind}.folder" for kind in dict(value)) or "data.train"
        raise UserError(f"no training data: set {places}, and a weight above 0")
    return tuple(found)


def open_source(config: SourceConfig, common: ExampleConfig) -> Source:
    """The source that a configuration describes, its folder read and checked.

    Raises:
        UserError: if there is nothing usable, or too much that is broken.
    """
    if config.kind == "rendered":
        from compjax.data.sources.rendered import RenderedSource

        return RenderedSource.open(config, common)
    if config.kind == "shards":
        from compjax.data.sources.rendered import ShardSource

        return ShardSource.open(config, common)
    if config.kind == "pairs":
        from compjax.data.sources.pairs import PairSource

        return PairSource.open(config, common)
    from compjax.data.sources.music import MusicSource

    return MusicSource.open(config, common)
