"""A composition as one HTML page that needs nothing else: players, pictures, weights, report, downloads.

Sound, pictures and files are in the page itself; nothing is fetched from anywhere. It works without
scripts too: they only keep the players together and move a line over the pictures.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import io
import os
import pathlib
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote as quote_path

import numpy as np

from compjax.constants import SAMPLE_RATE
from compjax.music.factors import FACTORS, SOURCES
from compjax.pages import pictures, views

ASSETS = pathlib.Path(__file__).parents[1] / "assets"

FIGURES = {
    "onset_f1": "Onset F1 with the source of the rhythm",
    "onset_lag": "Lag behind it, seconds",
    "beat_f1": "Beat F with the source of the rhythm",
    "envelope_cosine": "Onset envelope, cosine",
    "chroma_cosine": "Chroma, cosine with the source of the harmony",
    "in_chord": "Pitched energy on the sounding pitch classes",
    "onset_chance": "Onset F1 by chance",
    "in_chord_chance": "The same on other pitch classes, by chance",
    "timbre": "Closeness to its source's timbre (0: another instrument)",
    "timbre_margin": "Timbre: nearer to its source by",
    "brightness": "Brightness, just noticeable steps from its source",
    "decay": "Decay, just noticeable steps from its source",
    "gating_r2": "Explained by the clips faded (gating R²)",
    "mosaic_r2": "Explained by moments of the clips (mosaic R²)",
    "mix_r2": "Explained by the clips mixed",
    "mix_weaker": "Share of the weaker clip in that mix",
    "copy_input": "Best correlation of a stretch with the input",
    "copy_target": "Best correlation of a stretch with the target",
}
"""What the report's scores are called."""

KEEP_PLACE = (
    '<label class="choice"><input type="checkbox" id="keep" checked>'
    "<span>Go on from the same place when another clip is started</span></label>"
)
"""The switch that keeps players together; once a page."""


@dataclasses.dataclass(frozen=True)
class Player:
    """A sound to be heard.

    Attributes:
        key: its id in the page.
        label: what it is.
        audio: `[S]` float32 at 24 kHz.
        in_time: whether its time is that of the new piece, so that players can keep their place.
    """

    key: str
    label: str
    audio: np.ndarray
    in_time: bool = True


def html(composition, name: str = "composition") -> str:
    """The page; `name` is what its downloads are called."""
    report, pair = composition.report, composition.view
    title = f"{pair.input.name} × {pair.target.name}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        verdict_of(report),
        "<h2>Listen</h2>",
        players(players_of(composition)),
        _cut_note(composition),
        "<h2>See</h2>",
        *picture_parts(composition),
        "<h2>What each clip gives</h2>",
        weights_table(composition.weights),
        "<h2>Downloads</h2>",
        downloads(composition, name),
        "<h2>Figures</h2>",
        figure_tables(report),
    ]
    return document(title, "\n".join(part for part in parts if part))


POLICY = (
    "default-src 'none'; img-src data: file: 'self'; media-src data: file: 'self'; "
    "style-src 'unsafe-inline'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
)
"""What a saved page may load: nothing from anywhere, and no script but its own (the digest of its text)."""


def document(title: str, body: str) -> str:
    """A whole HTML page with the style sheet and script in it."""
    script = f"\n{_asset('page.js')}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = escape(POLICY.format(script=digest), quote=True)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – compjax</title>\n<style>\n{_asset('page.css')}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n<footer>Made by compjax.</footer>\n</main>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


@functools.cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def data_uri(content: bytes, kind: str) -> str:
    """Bytes of a MIME type `kind` as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def flac(audio: np.ndarray) -> bytes:
    """Audio `[S]` at 24 kHz as a 16-bit FLAC file."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(audio, -1.0, 1.0), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def verdict_of(report: dict) -> str:
    """The report in words, the guard's sentence last, with a mark that is not colour alone."""
    fine = report["verdict"] == "new"
    lines = "".join(f"<p>{escape(sentence)}</p>" for sentence in report["words"])
    heading = "New" if fine else f"Not new: {report['verdict']}"
    kind = "verdict" if fine else "verdict warning"
    mark = "✓" if fine else "⚠"
    return (
        f'<section class="{kind}" aria-label="Report in words">'
        f'<p><strong><span aria-hidden="true">{mark}</span> {escape(heading)}</strong></p>{lines}</section>'
    )


def players_of(composition) -> tuple[Player, ...]:
    """The new clip, the input, and the target as it came, two minutes of each at most."""
    pair = composition.view
    return (
        Player("new", "New clip", views.kept(composition.heard)),
        Player("input", f"Input: {pair.input.name}", pair.input.audio),
        Player("target", f"Target: {pair.target.name}", pair.target_as_given, pair.target_keeps_time),
    )


def players(sounds: Iterable[Player]) -> str:
    """Players beside one another, and the switch that keeps them together."""
    figures = []
    for sound in sounds:
        marks = (" data-time" if sound.in_time else "") + (" data-main" if sound.key == "new" else "")
        source = data_uri(flac(sound.audio), "audio/flac")
        figures.append(
            f'<figure><figcaption id="{sound.key}-name">{escape(sound.label)}</figcaption>'
            f'<audio id="{sound.key}" controls preload="metadata" aria-labelledby="{sound.key}-name"{marks}'
            f' src="{source}"></audio></figure>'
        )
    return f'<div class="players">{"".join(figures)}</div>{KEEP_PLACE}'


def _cut_note(composition) -> str:
    longest = max(composition.seconds, composition.view.target_seconds)
    if longest <= views.KEPT_SECONDS:
        return ""
    return (
        f'<p class="note">This page holds the first {views.KEPT_SECONDS:.0f} seconds of each sound; '
        "the whole is in the sound file beside it.</p>"
    )


def picture_parts(composition) -> list[str]:
    """The five pictures, each with words that say what is seen."""
    pair = composition.view
    span = pictures.shown(composition.seconds)
    chords = ", ".join(pair.target.chord_names()) or "none"
    notes = len(composition.notes)
    drawn = [
        (
            pictures.clip_picture(pair.input, "Input", chords=pictures.sings(pair), span=span),
            f"Spectrogram of the input with its beats and {len(pair.input.hits)} hits heard in it",
        ),
        (
            pictures.clip_picture(pair.target, "Target, laid along the input", hits=False, span=span),
            f"Spectrogram of the target with the chords heard in it: {chords}",
        ),
        (
            pictures.roll_picture(composition, "New part", span=span),
            f"Piano roll of {notes} composed notes over the onsets of the rhythm",
        ),
        (
            pictures.sound_picture(composition.heard, "New clip", beats=pair.input.beats, span=span),
            "Spectrogram of the new clip",
        ),
        (
            pictures.weights_picture(composition, "What each clip gives, over time", span=span),
            "Weights of the six components over time; the table below has their means",
        ),
    ]
    return [picture(content, words, span) for content, words in drawn]


def picture(svg: bytes, words: str, span: pictures.Span) -> str:
    """A picture that scrolls sideways where it does not fit, and over which a playhead can move."""
    place = (
        f'data-left="{pictures.LEFT}" data-right="{pictures.RIGHT}" data-from="{span[0]}" data-to="{span[1]}"'
    )
    image = f'<img src="{data_uri(svg, "image/svg+xml")}" alt="{escape(words, quote=True)}">'
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(words, quote=True)}">'
        f'<div class="picture" {place}>{image}<div class="playhead" hidden></div></div></div>'
    )


def weights_table(weights: dict[str, dict[str, float]]) -> str:
    """The mean component weights."""
    rows = [[source, *(f"{weights[source][factor]:.2f}" for factor in FACTORS)] for source in SOURCES]
    return table("Mean weights, 0 to 1", ["Clip", *FACTORS], rows)


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the rows; the others are figures."""
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in headings)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f'<td class="figure">{escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    caption = f'<caption class="note">{escape(caption)}</caption>'
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def downloads(composition, name: str) -> str:
    """Links to the sound, the notes, the report, and what can be edited and used again."""
    pair = composition.view
    files = [
        ("Notes (MIDI)", f"{name}.mid", composition.midi, "audio/midi"),
        ("Report (JSON)", f"{name}.json", composition.json.encode(), "application/json"),
    ]
    if pair.rhythm.hits:
        files.append(("Groove (text)", f"{name}.groove", composition.groove.text().encode(), "text/plain"))
    if pair.harmony.spans:
        files.append(("Chords (text)", f"{name}.chords", composition.chords_text.encode(), "text/plain"))
    sound = escape(f"{name}.flac", quote=True)
    links = [f'<li><a href="{sound}" data-of="new" download="{sound}">Sound (FLAC)</a></li>']
    for label, file, content, kind in files:
        links.append(
            f'<li><a href="{data_uri(content, kind)}" download="{escape(file, quote=True)}">{label}</a></li>'
        )
    return f'<ul class="downloads">{"".join(links)}</ul>'


def figure_tables(report: dict) -> str:
    """Scores, alignment and style behind a fold each."""
    scores = {**report["adherence"], **report["novelty"]}
    named = [(FIGURES.get(key, key), _number(value)) for key, value in scores.items()]
    aligned = [(key.replace("_", " "), _number(value)) for key, value in report["alignment"].items()]
    style = [(key.replace("_", " "), _number(value)) for key, value in report["options"]["style"].items()]
    seconds = [(key, f"{value:.2f}") for key, value in report["timings"].items()]
    folds = [
        ("Scores", table("Measured on the first minute", ["Score", "Value"], named)),
        ("Alignment", table("How the target was laid along the input", ["What", "Value"], aligned)),
        ("Style", table("What was drawn or set, 0 to 1", ["Choice", "Value"], style)),
        ("Times", table("Seconds of work", ["Step", "Seconds"], seconds)),
    ]
    return "".join(f"<details><summary>{name}</summary>{body}</details>" for name, body in folds)


def _number(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def fragment(composition) -> str:
    """What a notebook shows: players, one picture, the report in words and the weights."""
    sounds = (
        f'<figure style="margin:0 1rem 0.5rem 0;display:inline-block"><figcaption>{escape(sound.label)}'
        f'</figcaption><audio controls preload="none" aria-label="{escape(sound.label, quote=True)}" '
        f'src="{data_uri(flac(sound.audio), "audio/flac")}"></audio></figure>'
        for sound in players_of(composition)
    )
    image = data_uri(pictures.overview(composition), "image/png")
    words = "<br>".join(escape(sentence) for sentence in composition.report["words"])
    return (
        f"<div>{''.join(sounds)}<p>{words}</p>{weights_table(composition.weights)}"
        f'<img style="max-width:100%;background:#fff" alt="Spectrograms, composed notes and weights" '
        f'src="{image}"></div>'
    )


def index(entries: Iterable, title: str = "Compositions") -> str:
    """A page that links the pages of many compositions, `batches.IndexEntry` each."""
    rows = []
    for entry in entries:
        verdict = "✓ new" if entry.verdict == "new" else f"⚠ {entry.verdict}"
        label = escape(entry.name, quote=True)
        sound = f'<audio controls preload="none" aria-label="{label}" src="{address(entry.sound)}"></audio>'
        cells = "".join(f'<td class="figure">{_number(score)}</td>' for score in entry.scores.values())
        link = f'<a href="{address(entry.page)}">{escape(entry.name)}</a>'
        rows.append(f'<tr><th scope="row">{link}</th><td>{escape(verdict)}</td>{cells}<td>{sound}</td></tr>')
    headings = ("Pair", "Verdict", "Onset F1", "In chord", "New clip")
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = (
        f'<h1>{escape(title)}</h1><div class="scroll" role="group" tabindex="0" aria-label="{escape(title)}">'
        f'<table class="index"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
    return document(title, body)


def address(file: str) -> str:
    """The name of a file beside or below the page as an address."""
    return escape(quote_path(os.fsencode(file)), quote=True)
