"""An evaluation as a page: the table of systems, and every pair to be heard and seen beside its scores.

Sounds and spectrograms are files beside the page, written as the outputs are made, so that a long evaluation
needs no more memory than a short one. They lie in a hidden folder until the page is finished; then all are
moved to where the page looks for them, the page last. Nothing is fetched from anywhere else.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from compjax.audio.loudness import limit_peaks, normalize_rms
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.evaluation import comparison, report
from compjax.evaluation.benchmark import CEILING, CONTROLS, Output
from compjax.evaluation.testsets import Pair
from compjax.files import atomic_path
from compjax.measures import joint_score
from compjax.pages import page, pictures

PAGE, SOUNDS, PICTURES = "index.html", "audio", "spectrograms"
"""Name of the page, and of the folders beside it."""

UNHEARD = ("copy input", "copy target")
"""Systems that have no player: the input and the target are on the page anyway."""

COLUMNS = {
    "onset_f1": "onset F1",
    "in_chord": "in chord",
    "timbre": "closeness",
    "gating_r2": "gating R²",
    "mosaic_r2": "mosaic R²",
}
"""Scores that are shown pair by pair after the joint score and the factors; the others are in scores.json."""


@dataclasses.dataclass(frozen=True)
class AudioCard:
    """A sound of a pair.

    Attributes:
        system: what made it; empty for the clips of the pair.
        label: what it is called.
        stem: name of its files, without their endings.
        seconds: its length.
        in_time: whether its time is that of the output.
    """

    system: str
    label: str
    stem: str
    seconds: float
    in_time: bool = True


class EvaluationPage:
    """Collects sounds while a benchmark runs, then writes the page; to be used as a context.

    Args:
        folder: an existing one, where the page goes.
        pairs: that are judged.

    Raises:
        UserError: from every method, if something cannot be written.
    """

    def __init__(self, folder: str | os.PathLike, pairs: Sequence[Pair]):
        self._folder, self._pairs = pathlib.Path(folder), tuple(pairs)
        self._sounds: list[list[AudioCard]] = [[] for _ in self._pairs]

    def __enter__(self) -> EvaluationPage:
        try:
            self._hidden = tempfile.TemporaryDirectory(prefix=".page-", dir=self._folder)
            for name in (SOUNDS, PICTURES):
                (pathlib.Path(self._hidden.name) / name).mkdir()
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        return self

    def __exit__(self, *error) -> None:
        self._hidden.cleanup()

    def keep(self, system: str, place: int, output: Output) -> None:
        """Write what a system made of the pair at `place`; `compjax.evaluation.benchmark.Keep`."""
        if system not in UNHEARD:
            self._add(place, system, system, output.audio)

    def finish(self, results: dict) -> pathlib.Path:
        """Write the page of these results (`report.as_dict`, with "models"); returns its path."""
        for place, pair in enumerate(self._pairs):
            for label, audio, in_time in clips_of(pair):
                self._add(place, "", label, audio, in_time)
        path = self._folder / PAGE
        text = html(results, self._sounds)
        hidden = pathlib.Path(self._hidden.name)
        try:
            for name in (SOUNDS, PICTURES):
                (self._folder / name).mkdir(exist_ok=True)
                for file in (hidden / name).iterdir():
                    os.replace(file, self._folder / name / file.name)
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return path

    def _add(self, place: int, system: str, label: str, audio: np.ndarray, in_time: bool = True) -> None:
        audio = limit_peaks(normalize_rms(audio))
        taken = {sound.stem for sound in self._sounds[place]}
        stem = _free(f"{place + 1:03}_{re.sub(r'[^a-z0-9]+', '_', label.lower()).strip('_')}", taken)
        hidden = pathlib.Path(self._hidden.name)
        try:
            (hidden / SOUNDS / f"{stem}.flac").write_bytes(page.flac(audio))
            (hidden / PICTURES / f"{stem}.png").write_bytes(pictures.strip(audio))
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        self._sounds[place].append(AudioCard(system, label, stem, audio.size / SAMPLE_RATE, in_time))


def _unwritable(folder: pathlib.Path, error: OSError) -> UserError:
    return UserError(
        f"{folder}: the page cannot be written ({error.strerror or error}); give another --output"
    )


def _free(stem: str, taken: set[str]) -> str:
    """The name, numbered if another sound of the pair has it."""
    found, count = stem, 1
    while found in taken:
        count += 1
        found = f"{stem}_{count}"
    return found


def clips_of(pair: Pair) -> list[tuple[str, np.ndarray, bool]]:
    """Label, audio `[S]` and whether it is in time: input, target, and the target as it was moved."""
    moved = pair.reference.shape != pair.target.shape or not np.allclose(pair.reference, pair.target)
    clips = [("Input", pair.given, True), ("Target", pair.target, not moved)]
    return [*clips, ("Target, laid along the input", pair.reference, True)] if moved else clips


def html(results: dict, sounds: Sequence[Sequence[AudioCard]]) -> str:
    """The page of results and of every pair's sounds."""
    title = f"Evaluation on {len(sounds)} pair{'s' if len(sounds) != 1 else ''}"
    shown = shown_systems(results)
    parts = [
        f"<h1>{escape(title)}</h1>",
        facts(results),
        "<h2>Systems</h2>",
        f'<p class="note">{escape(EXPLAINED)}</p>',
        scrolling("Scores of all systems", *report.cells(results)),
        changes(results),
        "<h2>Pairs</h2>",
        contents(results, shown),
        f'<p class="note">{escape(SEEN)}</p>',
        page.KEEP_PLACE,
        *(pair_section(results, shown, place, own) for place, own in enumerate(sounds)),
    ]
    return page.document(title, "\n".join(part for part in parts if part))


EXPLAINED = (
    "The joint score is the mean over pairs of the geometric mean of rhythm, harmony, timbre and novelty, "
    "each 0 at its control (the arrangement with just that factor from elsewhere) and 1 at the arrangement; "
    "recordings, which have neither, are given those of rendered pairs. A is the input, B the target."
)

SEEN = (
    f"All sounds are brought to one level. Spectrograms: {pictures.RANGE_IN_WORDS}. While a sound plays, a "
    "line shows the place in all sounds of its pair; a click on a spectrogram goes there."
)


def facts(results: dict) -> str:
    """What was judged: weights with checksums, pairs, switches."""
    listed = []
    for name, model in results.get("models", {}).items():
        listed.append((name, f"{model['file']}, SHA-256 {model['sha256']}"))
    asked = results.get("asked", {})
    if asked.get("pairs") is not None:
        listed.append(("Pairs", f"recordings of {asked['pairs']}"))
        listed.append(("Beats of the target", "moved onto the input's" if asked["align"] else "left"))
    elif asked:
        listed.append(("Pairs", f"{asked['rendered']} rendered, seed {asked['seed']}"))
    taken = ", ".join(f"{factor} of the {clip}" for factor, clip in results["switches"].items())
    listed.append(("Switches", taken))
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in listed)
    return f'<dl class="facts">{rows}</dl>'


def changes(results: dict) -> str:
    """The comparison, where there is one."""
    if "comparison" not in results:
        return ""
    found = comparison.from_dicts(results["comparison"])
    words = comparison.caption(found, len(results["pairs"]))
    table = scrolling("Changes by system", *comparison.cells(found)) if found else ""
    return f'<h2>What changed</h2><p class="note">{escape(words)}</p>{table}'


def scrolling(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls sideways where it does not fit."""
    return _scrolling(caption, page.table(caption, headings, rows))


def _scrolling(label: str, table: str) -> str:
    label = escape(label, quote=True)
    return f'<div class="scroll scores" role="group" tabindex="0" aria-label="{label}">{table}</div>'


def shown_systems(results: dict) -> tuple[list[str], list[str]]:
    """Systems in front (models and ceiling), and those behind a fold (what needs no training)."""
    names = [name for name in results["systems"] if name not in CONTROLS.values()]
    models = [name for name in names if name in results.get("models", {})]
    front = models + [name for name in names if name == CEILING]
    behind = [name for name in names if name not in front]
    return (front, behind) if front else (behind, [])


def contents(results: dict, shown: tuple[list[str], list[str]]) -> str:
    """All pairs with the joint scores of the systems in front, each a link to its section."""
    front, _ = shown
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in ("Pair", *front))
    rows = []
    for place, name in enumerate(results["pairs"]):
        cells = "".join(
            f'<td class="figure">{_recording(results, system, place)["joint"]:.2f}</td>' for system in front
        )
        link = f'<a href="#pair-{place + 1}">{place + 1}. {escape(name)}</a>'
        rows.append(f'<tr><th scope="row">{link}</th>{cells}</tr>')
    caption = '<caption class="note">Joint score by pair</caption>'
    table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return _scrolling("Joint score by pair", table)


def pair_section(
    results: dict, shown: tuple[list[str], list[str]], place: int, sounds: Sequence[AudioCard]
) -> str:
    """One pair: its clips, what was made of them, and the scores."""
    made = {sound.system: sound for sound in sounds if sound.system}
    front, behind = ([made[name] for name in names if name in made] for names in shown)
    name = f"{place + 1}. {results['pairs'][place]}"
    parts = [
        f'<h3 id="pair-{place + 1}">{escape(name)}</h3>',
        cards([sound for sound in sounds if not sound.system] + front, results, place),
    ]
    if behind:
        words = "; ".join(sound.label for sound in behind)
        folded = cards(behind, results, place)
        parts.append(f"<details><summary>Without training: {escape(words)}</summary>{folded}</details>")
    parts.append(
        scrolling(f"Scores of pair {place + 1}", *pair_cells(results, [*shown[0], *shown[1]], place))
    )
    return f'<section class="pair" aria-labelledby="pair-{place + 1}">{"".join(parts)}</section>'


def pair_cells(results: dict, systems: Sequence[str], place: int) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of one pair's scores."""
    rows = []
    for system in systems:
        one = _recording(results, system, place)
        figures = [one["joint"], *one["factors"].values(), *(one[column] for column in COLUMNS)]
        rows.append([system, *(f"{figure:.2f}" for figure in figures), one["verdict"]])
    return ["system", "joint", *joint_score.FACTORS, *COLUMNS.values(), "verdict"], rows


def _recording(results: dict, system: str, place: int) -> Mapping:
    return results["systems"][system]["recordings"][place]


def cards(sounds: Sequence[AudioCard], results: dict, place: int) -> str:
    """AudioCard and spectrogram of each sound beside one another."""
    return f'<div class="players">{"".join(card(sound, results, place) for sound in sounds)}</div>'


def card(sound: AudioCard, results: dict, place: int) -> str:
    """One sound: what it is, its joint score and verdict, its player and its spectrogram."""
    said = ""
    if sound.system:
        one = _recording(results, sound.system, place)
        mark = "✓" if one["verdict"] == "new" else "⚠"
        said = f'<p class="said">Joint {one["joint"]:.2f} · {mark} {escape(one["verdict"])}</p>'
    key = f"sound-{sound.stem}"
    audio = page.address(f"{SOUNDS}/{sound.stem}.flac")
    picture = page.address(f"{PICTURES}/{sound.stem}.png")
    along = ' data-left="0" data-right="1" data-from="0"' if sound.in_time else ""
    along += f' data-to="{sound.seconds:.3f}"' if sound.in_time else ""
    alt = escape(f"Spectrogram: {sound.label}", quote=True)
    return (
        f'<figure><figcaption id="{key}">{escape(sound.label)}</figcaption>{said}'
        f'<audio controls preload="none" aria-labelledby="{key} pair-{place + 1}"'
        f'{" data-time" if sound.in_time else ""} src="{audio}"></audio>'
        f'<div class="picture strip"{along}><img src="{picture}" alt="{alt}" loading="lazy">'
        '<div class="playhead" hidden></div></div></figure>'
    )
