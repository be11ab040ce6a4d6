"""Many pairs into one folder, with an index page where pages are asked for."""

from __future__ import annotations

import dataclasses
import pathlib
from collections import Counter
from collections.abc import Mapping, Sequence

from compjax.compose.asked.options import ComposeOptions
from compjax.compose.asked.requests import Extras, Request, page_path
from compjax.errors import UserError
from compjax.files import atomic_path, make_folder
from compjax.pair_lists import read_pairs

INDEX = "index.html"


@dataclasses.dataclass(frozen=True)
class IndexEntry:
    """A line of the index: what was composed, its files beside the index, the verdict, scores by name."""

    name: str
    page: str
    sound: str
    verdict: str
    scores: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class ManyPairs:
    """Pairs to be composed, each into NAME.wav and the files beside it.

    Attributes:
        pairs: folder or CSV file, see `pair_lists.read_pairs`.
        folder: where everything is written; it is made if it is not there.
        num_samples: variations of each pair.
        options: see `ComposeOptions`.
        report: whether pages and their index are written.
        overwrite: see `Request`.
    """

    pairs: str
    folder: str
    num_samples: int = 1
    options: ComposeOptions = ComposeOptions()
    report: bool = False
    overwrite: bool = False

    def requests(self) -> list[Request]:
        """One for each pair; the folder is made.

        Raises:
            UserError: if there are no pairs, or the folder cannot be made.
        """
        pairs = read_pairs(self.pairs)
        folder = pathlib.Path(self.folder)
        if folder.suffix.lower() in (".wav", ".flac"):
            raise UserError(f"with --pairs the output is a folder, not a sound file such as {folder}")
        make_folder(folder, parents=False)
        made = []
        for pair in pairs:
            sound = str(folder / f"{pair.name}.wav")
            made.append(
                Request(
                    str(pair.input),
                    str(pair.target),
                    sound,
                    self.num_samples,
                    self.options,
                    extras=Extras(report=self.report),
                    overwrite=self.overwrite,
                )
            )
        return made

    def write_index(self, entries: Sequence[IndexEntry]) -> pathlib.Path:
        """Write the page that links all pages; UserError if it cannot be written."""
        from compjax.pages import page

        path = pathlib.Path(self.folder) / INDEX
        with atomic_path(path) as temporary:
            temporary.write_text(page.index(entries), encoding="utf-8")
        return path


def summary(entries: Sequence[IndexEntry], count: int, failed: int, seconds: float) -> str:
    """What became of `count` pairs, in a sentence or two: how many, how long, and the verdicts on them."""
    each = f", {seconds / len(entries):.1f} s a piece" if entries else ""
    said = [f"{count - failed} of {count} pairs composed in {seconds:.0f} s{each}."]
    verdicts = Counter(entry.verdict for entry in entries)
    if verdicts:
        said.append(f"Verdicts: {', '.join(f'{number} {name}' for name, number in verdicts.most_common())}.")
    for name, words in (("onset_f1", "onset F1"), ("in_chord", "energy on the chords")):
        values = [entry.scores[name] for entry in entries if entry.scores.get(name) is not None]
        if values:
            said.append(f"Mean {words}: {sum(values) / len(values):.2f}.")
    return " ".join(said)


def entry_of(composition, sound: pathlib.Path) -> IndexEntry:
    """What the index says of a composition whose sound is saved as `sound`."""
    report, view = composition.report, composition.view
    scores = {key: report["adherence"].get(key) for key in ("onset_f1", "in_chord")}
    name = f"{view.input.name} × {view.target.name}"
    return IndexEntry(name, page_path(sound).name, sound.name, report["verdict"], scores)
