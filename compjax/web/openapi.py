"""The description of the HTTP API, as OpenAPI 3.1."""

from __future__ import annotations

import dataclasses

from compjax.compose.asked.options import ARRANGERS, INSTRUMENTS, ComposeOptions
from compjax.music.factors import CHOICES, COMPONENTS, FACTORS
from compjax.music.style import Style
from compjax.web.clips import EXAMPLES
from compjax.web.config import ServeConfig
from compjax.web.results import LATER, SUFFIXES

VERSION = "1"
"""Of the API; a change that breaks programs counts it up."""

ABOUT = (
    "Two clips in, a new one out: the rhythm of one recording, the harmony and timbre of another. "
    "Options have the names that they have in Python (Session.compose_many). There is no password: "
    "an id is known to who was given it. Requests that a browser sends from other sites are refused."
)

Schema = dict

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_UNIT: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def describe(config: ServeConfig) -> Schema:
    """The whole description; limits are the server's."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "compjax", "version": VERSION, "description": ABOUT},
        "paths": {**clip_paths(config), **composition_paths()},
        "components": {"schemas": {"Order": order(config), **answers()}},
    }


def clip_paths(config: ServeConfig) -> Schema:
    """Addresses of the server itself and of clips."""
    clip, one = "/api/clips/{id}", [_in_path("id")]
    limits = f"at most {config.max_megabytes:g} MB and {config.max_seconds:g} seconds"
    taken = (
        f"Upload a sound file (WAV, FLAC, OGG, MP3) as the request's body, {limits}. It is decoded at once; "
        f"the sound is deleted on DELETE, after {config.keep_minutes:g} minutes without use, and when the "
        "server ends."
    )
    called = {"name": "name", "in": "query", "schema": _TEXT, "description": "Of the file, for messages."}
    sound = {"content": {"application/octet-stream": {}}, "required": True}
    examples = [_in_path("name", {"enum": list(EXAMPLES)})]
    leaving = {"content": {"application/json": {"schema": _ref("Leaving")}}, "required": True}
    known = [
        _in_query("bpm", _NUMBER, "Its tempo, quarter notes per minute."),
        _in_query("meter", _TEXT, "Beats to its bar and their note, such as 7/8."),
        _in_query("downbeat", _NUMBER, "Seconds at which a bar begins."),
    ]
    return {
        "/api/status": {"get": _operation("Whether the model is loaded; limits; examples.")},
        "/api/openapi.json": {"get": _operation("This description.")},
        "/api/leave": {
            "post": _operation("Delete these soon, unless they are asked for before.", [], 204)
            | {"requestBody": leaving}
        },
        "/api/examples/{name}": {"post": _operation("Take a bundled clip.", examples, 201, "Clip")},
        "/api/clips": {"post": _operation(taken, [called], 201, "Clip") | {"requestBody": sound}},
        clip: {
            "get": _operation("Name and length of a clip.", one, 200, "Clip"),
            "delete": _operation("Delete a clip.", one, 204),
        },
        f"{clip}/audio.wav": {"get": _operation("The clip as it is heard: mono, 24 kHz.", one)},
        f"{clip}/spectrogram": {
            "get": _operation("Levels in 128 log-frequency bands, bytes in base64.", one, 200, "Spectrogram")
        },
        f"{clip}/heard": {
            "get": _operation(
                "Tempo, beats, hits and chords as the model hears them, or its grid as you know it; "
                "503 while it is loading.",
                [*one, *known],
                200,
                "Heard",
            )
        },
    }


def composition_paths() -> Schema:
    """Addresses of compositions."""
    composition, one = "/api/compositions/{id}", [_in_path("id")]
    variation = [*one, _in_path("index", _COUNT)]
    suffixes = {"enum": [*SUFFIXES, *LATER]}
    take = _in_query("take", _list(_TEXT), "A take as ID:NUMBER:NAME; again and again.")
    body = {"content": {"application/json": {"schema": _ref("Order")}}, "required": True}
    post = _operation("Put a composition into the queue.", [], 202, "Composition")
    return {
        "/api/compositions": {"post": post | {"requestBody": body}},
        composition: {
            "get": _operation("How far it is; what was made.", one, 200, "Composition"),
            "delete": _operation("Cancel it if it is not over, and delete what was made.", one, 204),
        },
        f"{composition}/cancel": {
            "post": _operation("Cancel it; the variations that are finished stay.", one, 200, "Composition")
        },
        "/api/takes.zip": {"get": _operation("Files of many variations as a ZIP.", [take])},
        f"{composition}/early.wav": {
            "get": _operation("The variation that is being measured, as soon as it can be heard.", one)
        },
        f"{composition}/input.wav": {"get": _operation("The input that it was made of.", one)},
        f"{composition}/target.wav": {
            "get": _operation("The target as it was laid along the input; its first two minutes.", one)
        },
        f"{composition}/{{index}}/picture": {
            "get": _operation("The numbers that a variation's pictures are drawn from.", variation)
        },
        f"{composition}/{{index}}/out{{suffix}}": {
            "get": _operation("A variation's file.", [*variation, _in_path("suffix", suffixes)])
        },
    }


def order(config: ServeConfig) -> Schema:
    """What a composition is asked for with."""
    switch = {"enum": list(CHOICES), "default": "auto"}
    size = len(COMPONENTS)
    weights = {"type": "array", "items": _UNIT, "minItems": size, "maxItems": size}
    style = {field.name: _UNIT for field in dataclasses.fields(Style)}
    fields = {
        "input": _TEXT | _about("Id of the clip that gives the length, and usually the rhythm."),
        "target": _TEXT | _about("Id of the other clip, usually for harmony and timbre."),
        **{factor: switch | _about(f"Clip that the {factor} comes from.") for factor in FACTORS},
        "weights": weights | _about(f"In place of the switches: {', '.join(COMPONENTS)}."),
        "seed": _COUNT | {"default": 0} | _about("Decides what is drawn."),
        "style": _object(style) | {"additionalProperties": False} | _about("What is not set is drawn."),
        "align": {"type": "boolean", "default": True} | _about("Move the target's beats onto the input's."),
        "arranger": {"enum": list(ARRANGERS), "default": "auto"},
        "instrument": {"enum": list(INSTRUMENTS), "default": "auto"},
        "chords": _TEXT
        | _about("In place of those that are heard: a time in seconds and a name on each line."),
    }
    given = {
        "num_samples": {"type": "integer", "minimum": 1, "maximum": config.max_samples, "default": 1},
        "variation": _COUNT | {"default": 0} | _about("Number of the first."),
        "hits": _list(_list(_NUMBER))
        | _about("In place of those that are heard: seconds, voice, velocity, perhaps length."),
        "notes": _list(_list({"type": ["number", "null"]}))
        | _about("In place of those that are arranged: start, end, pitch, velocity, perhaps voice."),
    }
    plain = {
        field.name: {} | _about(_said_of(field.name))
        for field in dataclasses.fields(ComposeOptions)
        if field.name not in fields
    }
    fields |= plain | given
    return _object(fields) | {"required": ["input", "target"], "additionalProperties": False}


def _said_of(option: str) -> str:
    """What the documentation of `ComposeOptions` says of an option."""
    lines = iter((ComposeOptions.__doc__ or "").splitlines())
    said = next((line for line in lines if line.strip().startswith(f"{option}:")), "")
    words = [said.partition(":")[2].strip()]
    for line in lines:
        if not line.startswith(" " * 12):
            break
        words.append(line.strip())
    return " ".join(words)


def answers() -> dict[str, Schema]:
    """What comes back, by name."""
    states = {"enum": ["queued", "running", "done", "failed", "cancelled"]}
    spectrogram = {"columns": _COUNT, "bands": _COUNT, "seconds_per_column": _NUMBER}
    spectrogram |= {"levels": _TEXT, "peaks": _TEXT | _about("Of each column; 255 is full scale.")}
    span = _object({"start": _NUMBER, "end": _NUMBER, "name": _TEXT})
    hit = _list(_NUMBER) | _about("Seconds; 0 low, 1 mid, 2 high; how hard; length.")
    heard = {
        "tempo": {"type": ["number", "null"]} | _about("Beats per minute, where there is a beat."),
        "beats": _list(_NUMBER) | _about("Seconds."),
        "grid": {"type": "object"} | _about("Tempo, meter, beats, and which of them begin bars."),
        "onsets": _list(hit),
        "chords": _list(span),
    }
    composition = {
        "id": _TEXT,
        "state": states,
        "position": _COUNT | _about("Compositions that come before this one."),
        "waits_for_model": {"type": "boolean"},
        "phase": _TEXT,
        "words": _TEXT | _about("The phase, for people."),
        "progress": _UNIT,
        "error": _TEXT | _about("One line, if it failed."),
        "early": {"type": ["string", "null"]} | _about("Address of sound that has no report yet."),
        "options": {"type": "object"},
        "results": _list(_ref("Result")),
    }
    result = {
        "variation": _COUNT,
        "verdict": _TEXT | _about("Of the copy guard: new, copy, mix, gated, pieced, silent."),
        "words": _list(_TEXT) | _about("The report, a sentence each."),
        **{name: {"type": "object"} for name in ("weights", "sources", "adherence", "novelty", "instrument")},
        "notes": _COUNT,
        "seconds": _NUMBER,
        "files": {"type": "object"} | _about("Addresses by kind, such as wav, mid, groove."),
        "picture": _TEXT | _about("Address of what pictures are drawn from."),
    }
    error = {
        "error": _TEXT | _about("One line for people."),
        "code": _TEXT | _about("One word for programs."),
    }
    return {
        "Clip": _object({"id": _TEXT, "name": _TEXT, "seconds": _NUMBER, "remarks": _list(_TEXT)}),
        "Leaving": _object({"clips": _list(_TEXT), "compositions": _list(_TEXT)}),
        "Spectrogram": _object(spectrogram),
        "Heard": _object(heard),
        "Composition": _object(composition),
        "Result": _object(result),
        "Error": _object(error),
    }


def _operation(summary: str, parameters=(), status: int = 200, answer: str | None = None) -> Schema:
    good = _about("As asked.") | ({"content": _json(answer)} if answer else {})
    bad = _about("One line that says why not.") | {"content": _json("Error")}
    responses = {str(status): good, "4XX": bad, "5XX": bad}
    return {"summary": summary, "parameters": list(parameters), "responses": responses}


def _in_path(name: str, schema: Schema = _TEXT) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, schema: Schema, text: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": text}


def _json(answer: str) -> Schema:
    return {"application/json": {"schema": _ref(answer)}}


def _about(text: str) -> Schema:
    return {"description": text}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
