"""An hour at 48 kHz in stereo: python -m tests.hour OUTPUT [MINUTES [INPUT [TARGET]]].

A recording of a rhythm and one of an instrument (the demo's drums and guitar if none are named) are repeated,
48 kHz in stereo, until they are as long as asked (60 minutes), and composed by the command. What is told:

- processor and wall seconds, seconds of sound for a second of each, and the peak of memory;
- whether all samples are finite, and the highest true peak, by four times the rate;
- loudness (ITU-R BS.1770-4) of each minute that is whole: the softest and the loudest, and the input's.

A recording of one channel gets sides: its left is a millisecond behind its right, so that both are carried.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import soundfile
import soxr

ROOT = pathlib.Path(__file__).parents[1]
CLIPS = ROOT / "compjax" / "assets" / "demo"
RATE = 48_000
MINUTE = 60 * RATE
LATE = RATE // 1000

COMMAND = (
    "import resource, sys; from compjax.cli import compose; status = compose.run(sys.argv);"
    "u = resource.getrusage(resource.RUSAGE_SELF);"
    "print(u.ru_utime + u.ru_stime, u.ru_maxrss / 2**20); sys.exit(status)"
)


def repeated(recording: pathlib.Path, path: pathlib.Path, minutes: float) -> pathlib.Path:
    """The recording over and over at 48 kHz in stereo, a file of `minutes`."""
    sound, rate = soundfile.read(recording, dtype="float32", always_2d=True)
    sound = soxr.resample(sound, rate, RATE)
    if sound.shape[1] == 1:
        sound = np.concatenate([np.roll(sound, LATE, axis=0), sound], axis=1)
    left = round(minutes * MINUTE)
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        while left > 0:
            file.write(sound[:left, :2])
            left -= len(sound)
    return path


def composed(heard: pathlib.Path, target: pathlib.Path, path: pathlib.Path) -> dict[str, float]:
    """What the command took."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, f"--input={heard}", f"--target={target}", f"--output={path}"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    wall = time.perf_counter() - begun
    processor, memory = map(float, done.stdout.splitlines()[-1].split())
    return {"wall_seconds": wall, "processor_seconds": processor, "peak_gigabytes": memory}


def loudness_by_minute(path: pathlib.Path) -> list[float]:
    """LUFS of each whole minute."""
    from compjax.audio.loudness import loudness_of

    blocks = soundfile.blocks(path, MINUTE, dtype="float32")
    return [float(loudness_of(block, RATE)) for block in blocks if len(block) == MINUTE]


def measured(path: pathlib.Path) -> dict:
    """Form, finiteness, true peak and loudness of a file."""
    from compjax.audio.true_peak import true_peak

    info = soundfile.info(path)
    finite, peak = True, 0.0
    for block in soundfile.blocks(path, MINUTE, overlap=RATE, dtype="float32"):
        finite = finite and bool(np.isfinite(block).all())
        peak = max(peak, true_peak(block))
    loud = loudness_by_minute(path)
    return {
        "form": f"{info.samplerate} Hz, {info.channels} channels, {info.subtype}, {info.duration:.3f} s",
        "seconds": info.duration,
        "finite": finite,
        "true_peak_dbtp": 20 * np.log10(peak),
        "lufs_by_minute": [min(loud), max(loud)],
    }


def main(output: str, minutes: str = "60", heard: str = "", target: str = "") -> None:
    """Write sounds and figures (hour.json) into a folder."""
    folder = pathlib.Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {"input": heard or CLIPS / "drums.flac", "target": target or CLIPS / "guitar.flac"}
    clips = [
        repeated(pathlib.Path(recording), folder / f"{name}.wav", float(minutes))
        for name, recording in chosen.items()
    ]
    found = composed(*clips, folder / "out.wav") | measured(folder / "out.wav")
    found["input_lufs_by_minute"] = [f(loudness_by_minute(clips[0])) for f in (min, max)]
    for name in ("wall", "processor"):
        found[f"times_real_time_{name}"] = found["seconds"] / found[f"{name}_seconds"]
    (folder / "hour.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
