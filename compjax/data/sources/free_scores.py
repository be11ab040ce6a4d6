"""Scores that are free by their own words, as MIDI files: what `evaluation.written.real_music` reads.

    pip install music21
    python -m compjax.data.sources.free_scores --output=scores

They are those of music21's corpus (Cuthbert and Ariza, ISMIR 2010) whose files say that they are in the
public domain or under a Creative Commons licence. Most of the corpus says nothing and is left out. Nothing
of it is bundled with this package.
"""

from __future__ import annotations

import pathlib
import sys

from absl import flags

from compjax import command
from compjax.errors import UserError
from compjax.files import make_folder

SCORES = {
    "ciconia/quod_jactatur": "CC BY-SA 3.0",
    "luca/gloria": "CC BY-SA 3.0",
    "corelli/opus3no1/1grave": "CC BY",
    "johnson_j_r/lift_every_voice": "public domain, encoding CC0",
    "leadSheet/fosterBrownHair": "public domain",
    "liliuokalani/aloha_oe": "public domain, encoding CC0",
    "lusitano/allor_che_ignuda": "CC0",
    "weber/concertino_clarinet": "public domain",
}
"""Names in the corpus, and what the files say of their licence."""


def write_scores(folder: pathlib.Path) -> list[str]:
    """Write each score as `<name>.mid`; one line for each.

    Raises:
        UserError: if music21 is not there.
    """
    try:
        from music21 import corpus
    except ImportError as error:
        raise UserError("the scores are those of music21: pip install music21") from error
    said = []
    for name, licence in SCORES.items():
        path = folder / f"{name.replace('/', '_')}.mid"
        corpus.parse(name).write("midi", str(path))
        said.append(f"{path.name}: {licence}")
    return said


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("output", None, "Folder for the MIDI files.", values, required=True)
    return values


def write(values: flags.FlagValues) -> None:
    """Write the scores, and say which."""
    print("\n".join(write_scores(make_folder(values.output))))


def run(argv: list[str] | None = None) -> int:
    """The command."""
    return command.run_strict("compjax.data.sources.free_scores", __doc__, define_flags, write, argv)


if __name__ == "__main__":
    sys.exit(run())
