"""Random crops of audio from a folder, for training the codec. NumPy only; reads ahead in a thread."""

from __future__ import annotations

import dataclasses
import pathlib
import queue
import threading
from collections.abc import Iterator

import numpy as np

from compjax.audio import loudness, waveform
from compjax.audio.constants import SAMPLE_RATE
from compjax.audio.errors import UserError

AUDIO_SUFFIXES = (".npy", ".wav", ".flac", ".ogg", ".mp3", ".opus")


@dataclasses.dataclass(frozen=True)
class Clip:
    """One recording at 24 kHz mono and the gain that brings it to the reference loudness."""

    samples: np.ndarray  # [S] int16, possibly memory-mapped
    gain: float

    def crop(self, start: int, length: int) -> np.ndarray:
        """Samples `[length]` float32 from `start`, silent beyond the end."""
        part = np.asarray(self.samples[start : start + length], np.float32) * self.gain
        return np.pad(part, (0, length - part.shape[0]))


def audio_files(folder: str | pathlib.Path) -> list[pathlib.Path]:
    """Every audio file below `folder`, sorted."""
    found = sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    if not found:
        raise UserError(f"no audio found below {folder} (looked for {', '.join(AUDIO_SUFFIXES)})")
    return found


def open_clip(path: pathlib.Path) -> Clip:
    """The recording at `path`; `.npy` files (int16, 24 kHz mono) are memory-mapped, others decoded."""
    if path.suffix == ".npy":
        samples = np.load(path, mmap_mode="r")
    else:
        samples = (np.clip(waveform.read(str(path)), -1.0, 1.0) * 32767).astype(np.int16)
    probe = np.asarray(samples[:: max(1, samples.shape[0] // 400_000)], np.float32)
    rms = float(np.sqrt(np.mean(probe**2)))
    return Clip(samples, loudness.REFERENCE_RMS / max(rms, 1.0))


def open_folders(folders: tuple[str, ...]) -> list[list[Clip]]:
    """The clips of each folder."""
    return [[open_clip(path) for path in audio_files(folder)] for folder in folders]


def draw(groups: list[list[Clip]], rng: np.random.Generator, length: int, gain_range_db: float) -> np.ndarray:
    """A crop `[length]`: folders equally likely, in them longer clips more often; random gain and sign."""
    clips = groups[rng.integers(len(groups))]
    weights = np.sqrt([clip.samples.shape[0] for clip in clips])
    clip = clips[rng.choice(len(clips), p=weights / weights.sum())]
    crop = clip.crop(int(rng.integers(max(1, clip.samples.shape[0] - length))), length)
    gain = 10 ** (rng.uniform(-gain_range_db, gain_range_db) / 20) * rng.choice([-1.0, 1.0])
    return crop * np.float32(gain)


def batches(
    groups: list[list[Clip]],
    seed: int,
    start: int,
    size: int,
    length: int,
    gain_range_db: float = 6.0,
    ahead: int = 4,
) -> Iterator[np.ndarray]:
    """Endless batches `[size, length]` float32 from step `start`; batch n depends on `seed` and n alone."""
    ready: queue.Queue = queue.Queue(maxsize=ahead)
    stop = threading.Event()

    def fill() -> None:
        step = start
        try:
            while not stop.is_set():
                rng = np.random.default_rng([seed, step])
                _put(ready, np.stack([draw(groups, rng, length, gain_range_db) for _ in range(size)]), stop)
                step += 1
        except Exception as error:  # handed to the consumer, who raises it
            _put(ready, error, stop)

    thread = threading.Thread(target=fill, name="codec-crops", daemon=True)
    thread.start()
    try:
        while True:
            batch = ready.get()
            if isinstance(batch, Exception):
                raise batch
            yield batch
    finally:
        stop.set()
        thread.join()


def _put(ready: queue.Queue, item, stop: threading.Event) -> None:
    """Put `item`, giving up once `stop` is set."""
    while not stop.is_set():
        try:
            return ready.put(item, timeout=0.2)
        except queue.Full:
            continue


def seconds(groups: list[list[Clip]]) -> float:
    """Length of all clips together."""
    return sum(clip.samples.shape[0] for clips in groups for clip in clips) / SAMPLE_RATE
