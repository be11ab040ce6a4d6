"""Examples on disk: numbered .npz files ("shards") of rendered pairs, as a model trains on them."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import numpy as np

from compjax.audio.transforms.pitch_spectrum import NUM_BINS, STRIDE
from compjax.constants import FRAME_RATE, LATENT_SIZE, NUM_PITCHES, STYLE_SIZE
from compjax.data.drawing import swaps
from compjax.data.rendering import analysis
from compjax.files import atomic_path
from compjax.music.score import Hit, Note, salience

SHARD_SIZE = 128
FRAMES = int(swaps.CLIP_SECONDS * FRAME_RATE)

FIELDS: dict[str, tuple[type, tuple[int, ...]]] = {
    **{f"latents_{x}": (np.float16, (FRAMES, LATENT_SIZE)) for x in "abc"},
    **{f"spectrum_{x}": (np.float16, (-(-FRAMES // STRIDE), NUM_BINS)) for x in "ab"},
    **{f"notes_{x}": (np.float32, (swaps.MAX_NOTES, 4)) for x in "abc"},
    **{f"hits_{x}": (np.float32, (swaps.MAX_HITS, 4)) for x in "ab"},
    **{f"salience_{x}": (np.uint8, (FRAMES, NUM_PITCHES // 8)) for x in "ab"},
    **{f"bass_{x}": (np.int8, (FRAMES,)) for x in "ab"},
    **{f"is_kit_{x}": (np.bool_, ()) for x in "ab"},
    "style": (np.float32, (STYLE_SIZE,)),
    "switches": (np.int8, (3,)),
    "ideal": (np.float32, (6,)),
    "seed": (np.int64, ()),
    "family": (np.dtype("U24"), ()),
}
"""Type and shape of each field of one example; a shard has them with a leading axis of examples.

`a` is the input, `b` the target, `c` their arrangement. Notes are (start, end, pitch, velocity), hits
(time, length, voice, velocity), in seconds from the clip's beginning, padded with zeros: velocity 0 is
padding. Salience has its 64 pitches packed into 8 bytes (`np.unpackbits`). `family` is the name of that of
the arrangement's instrument.
"""

Example = dict[str, np.ndarray]


def padded(rows: Sequence[tuple[float, ...]], count: int) -> np.ndarray:
    """Rows of four numbers, float32 `[count, 4]`, zeros after the last."""
    table = np.zeros((count, 4), np.float32)
    if rows:
        table[: len(rows)] = rows
    return table


def note_table(notes: Sequence[Note]) -> np.ndarray:
    """Notes as float32 `[256, 4]`: start, end, pitch, velocity."""
    return padded([(n.start, n.end, n.pitch, n.velocity) for n in notes], swaps.MAX_NOTES)


def hit_table(hits: Sequence[Hit]) -> np.ndarray:
    """Hits as float32 `[128, 4]`: time, length, voice, velocity."""
    return padded([(h.time, h.length, h.voice, h.velocity) for h in hits], swaps.MAX_HITS)


def clip_fields(clip: swaps.DrawnClip, name: str) -> Example:
    """The fields of one clip of a pair, `name` "a" or "b"."""
    sounding, bass = salience(clip.harmony, clip.notes, FRAMES)
    heard = analysis.features(swaps.perform(clip).audio)
    return {
        f"latents_{name}": heard.latents.astype(np.float16),
        f"spectrum_{name}": heard.spectrum.astype(np.float16),
        f"notes_{name}": note_table(clip.notes),
        f"hits_{name}": hit_table(clip.rhythm.hits),
        f"salience_{name}": np.packbits(sounding, axis=-1),
        f"bass_{name}": bass,
        f"is_kit_{name}": np.bool_(clip.timbre.is_kit),
    }


def example_of(pair: swaps.DrawnPair) -> Example:
    """The example of a pair: both clips and the arrangement its switches ask for."""
    swap = swaps.arrangement(pair, pair.switches, pair.style)
    return {
        **clip_fields(pair.input, "a"),
        **clip_fields(pair.target, "b"),
        "latents_c": analysis.encode(swap.audio).astype(np.float16),
        "notes_c": note_table(swap.notes),
        "style": pair.style.vector(),
        "switches": np.asarray(pair.switches, np.int8),
        "ideal": np.asarray(swaps.ideal_gates(pair), np.float32),
        "seed": np.int64(pair.seed),
        "family": np.str_(swaps.family_of_swap(pair)),
    }


def shard_path(folder: pathlib.Path, index: int) -> pathlib.Path:
    """Where shard `index` lies."""
    return folder / f"shard_{index:05d}.npz"


def write_shard(path: pathlib.Path, examples: Sequence[Example]) -> None:
    """Write examples as one shard, whole or not at all."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **{k: np.stack([e[k] for e in examples]) for k in FIELDS})


def render_shard(folder: pathlib.Path, index: int, split: str, first_seed: int, count: int) -> bool:
    """Render shard `index` of `count` examples from seed `first_seed` on; False if it was there already."""
    path = shard_path(folder, index)
    if path.exists():
        return False
    write_shard(path, [example_of(swaps.draw_pair(first_seed + i, split)) for i in range(count)])
    return True
