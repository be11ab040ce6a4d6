"""EnCodec weights and clips drawn from their names, so that none need be stored; NumPy only.

Names are those of Hugging Face's state dict with the older `weight_g`, `weight_v` of weight norm.
"""

from __future__ import annotations

import csv
import pathlib
import re
import zlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent
SEED = 1
LENGTHS = (1, 320, 321, 5000, 16001)  # samples of the clips of the whole network: with and without a rest
SMALL_LENGTHS = (1, 4, 6, 7, 13, 60, 61, 64, 200)  # of the small one, whose hop is 6
SMALL = {
    "filters": 4,
    "ratios": (3, 2),
    "dimension": 8,
    "codebooks": 2,
    "codebook_size": 8,
}  # fields of EncodecConfig


def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A tensor drawn from its name, of a size that keeps the signal's level from layer to layer."""
    generator = np.random.Generator(np.random.PCG64([SEED, zlib.crc32(name.encode())]))
    values = generator.standard_normal(shape, np.float32)
    if name.endswith("weight_g"):
        values = 1.25 + 0.1 * values
    elif name.endswith(".embed"):
        values = values * 0.9 ** int(re.search(r"layers\.(\d+)", name)[1])
    elif ".weight_hh_" in name or ".weight_ih_" in name:
        values = values / np.sqrt(shape[1])
    elif ".bias" in name:
        values = 0.1 * values
    return values.astype(np.float32)


def clip(samples: int) -> np.ndarray:
    """A clip `[S]`: two tones and noise."""
    time = np.arange(samples) / 24_000
    noise = np.random.default_rng(samples).standard_normal(samples)
    tones = np.sin(2 * np.pi * 220 * time) + np.sin(2 * np.pi * 1333 * time)
    return (0.2 * tones + 0.1 * noise).astype(np.float32)


def latents(frames: int, size: int) -> np.ndarray:
    """Latents `[T, size]`."""
    return np.random.default_rng(frames).standard_normal((frames, size)).astype(np.float32)


def plain_name(name: str) -> str:
    """A name of transformers with the older form of weight norm."""
    name = name.replace("parametrizations.weight.original0", "weight_g")
    return name.replace("parametrizations.weight.original1", "weight_v")


def shapes(layout: str) -> dict[str, tuple[int, ...]]:
    """Shape by name of a state dict in a layout of encodec_keys.tsv: `encodec` or `transformers`."""
    with open(FOLDER / "encodec_keys.tsv") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["layout"] == layout]
    return {row["name"]: tuple(map(int, row["shape"].split("x"))) for row in rows}


def state() -> dict[str, np.ndarray]:
    """The published model's state dict with drawn weights, in transformers' layout."""
    return {name: draw(plain_name(name), shape) for name, shape in shapes("transformers").items()}
