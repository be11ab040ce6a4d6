"""How fast a pair is composed, by the form of the file: python -m tests.real_time OUTPUT.

The demo drums on four chords of FluidR3's piano, 8 s at 48 kHz in stereo, on each kind of instrument. Each
figure is seconds of sound for a second of processor time, all of composing included (both clips are read,
heard and aligned anew), the best of three runs once programs are compiled; the machine's other work does not
count.
"""

from __future__ import annotations

import pathlib
import sys
import time

import soundfile

from tests.full_band import CHORDS, INPUT, RATE, rendered

FORMS = {
    "24 kHz, one channel": {"output_rate": 24_000, "channels": 1},
    "44.1 kHz, stereo": {"output_rate": 44_100, "channels": 2},
    "48 kHz, stereo": {"output_rate": 48_000, "channels": 2},
}
INSTRUMENTS = ("samples", "model")
RUNS = 3


def target(folder: pathlib.Path) -> pathlib.Path:
    """A recording of chords, in the best form that there is."""
    notes = [(2.0 * i, 2.0 * i + 1.9, key, 0.7) for i, keys in enumerate(CHORDS) for key in keys]
    soundfile.write(folder / "piano.wav", rendered(0, notes, 8.0), RATE, "FLOAT")
    return folder / "piano.wav"


def factor(session, path: pathlib.Path, **asked) -> float:
    """Seconds of sound for a second of one core; the first run compiles."""
    best = 0.0
    for run in range(RUNS + 1):
        begun = time.process_time()
        made = session.compose(INPUT, path, seed=3, **asked)
        spent = time.process_time() - begun
        assert made.sample_rate == asked["output_rate"] and made.audio.ndim == asked["channels"]
        assert made.report["instrument"]["way"] == asked["instrument"]
        best = max(best, made.seconds / spent) if run else 0.0
    return best


def main(output: str) -> None:
    """Print the table, and leave the target in a folder."""
    import compjax

    folder = pathlib.Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    session, path = compjax.load(), target(folder)
    print("| form | " + " | ".join(INSTRUMENTS) + " |", "|---|" + "---|" * len(INSTRUMENTS), sep="\n")
    for form, asked in FORMS.items():
        factors = [factor(session, path, instrument=one, **asked) for one in INSTRUMENTS]
        print(f"| {form} | " + " | ".join(f"{one:.2f}" for one in factors) + " |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
