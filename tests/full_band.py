"""The full-band way in figures: python -m tests.full_band OUTPUT [RECORDING ...].

Every target is composed on with the demo drums twice: in its own form, and at 24 kHz in one channel.
Targets are six instruments of FluidR3 rendered at 48 kHz in stereo (a chord every second), and the recordings
named. Into the folder OUTPUT go tables (study.md), the sounds, and a picture of spectra (spectra.png).

- top: mean distance in dB, 12 to 20 kHz by bands of 1 kHz, of the result's mean spectrum from the target's,
  both relative to their whole power; for the 24 kHz way, what is missing there.
- width: mean distance in dB of the sides' level beside the middle's, from 200 Hz to 20 kHz by octaves.
- measures of both ways: onset F1, energy on the chords, timbre, as reports have them.
- ViSQOL (pip install visqol-python; left out without it), audio mode at 48 kHz: against the same notes on the
  soundfont itself.
- rtf: seconds of sound for a second of one processor core, all of composing, on the second composition; the
  machine's other work does not count.
"""

from __future__ import annotations

import pathlib
import sys
import time

import numpy as np
import soundfile
import soxr

INPUT = pathlib.Path(__file__).parents[1] / "compjax" / "assets" / "demo" / "drums.flac"
FONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
RATE = 48_000
PROGRAMS = {"piano": 0, "harpsichord": 6, "steel guitar": 25, "strings": 48, "brass": 61, "sitar": 104}
CHORDS = ((48, 55, 60, 64), (45, 52, 60, 64), (41, 53, 57, 60), (43, 50, 59, 62))
PLAIN = {"output_rate": 24_000, "channels": 1}


def rendered(program: int, notes, seconds: float) -> np.ndarray:
    """Notes on a program of the soundfont, `[S, 2]` at 48 kHz."""
    import fluidsynth

    synth = fluidsynth.Synth(gain=0.4, samplerate=float(RATE))
    synth.program_select(0, synth.sfload(FONT), 0, program)
    events = sorted(
        [(note[0], 1, note[2], note[3]) for note in notes] + [(note[1], 0, note[2], 0.0) for note in notes]
    )
    parts, place = [], 0
    for at, on, key, velocity in [*events, (seconds, 0, 0, 0.0)]:
        count = max(round(min(at, seconds) * RATE) - place, 0)
        parts.append(synth.get_samples(count).reshape(-1, 2) if count else np.zeros((0, 2)))
        place += count
        if on:
            synth.noteon(0, key, max(round(127 * velocity), 1))
        elif key:
            synth.noteoff(0, key)
    synth.delete()
    return (np.concatenate(parts) / 32768).astype(np.float32)


def band_powers(audio: np.ndarray, rate: int, edges) -> np.ndarray:
    """Mean power of `[S]` between `edges` in Hz."""
    size = 4096
    frames = np.lib.stride_tricks.sliding_window_view(audio, size)[:: size // 2] * np.hanning(size)
    power, hz = np.square(np.abs(np.fft.rfft(frames))).mean(axis=0), np.fft.rfftfreq(size, 1 / rate)
    pairs = zip(edges, edges[1:], strict=False)
    return np.array([power[(hz >= low) & (hz < high)].sum() for low, high in pairs]) + 1e-20


def middle(audio: np.ndarray) -> np.ndarray:
    return audio if audio.ndim == 1 else audio.mean(axis=1)


def top(audio: np.ndarray, rate: int) -> np.ndarray:
    """dB in the bands of 1 kHz from 12 to 20 kHz, beside the whole; what a rate cannot have is -120."""
    whole = band_powers(middle(audio), rate, (0, rate))[0]
    return np.maximum(
        10 * np.log10(band_powers(middle(audio), rate, np.arange(12e3, 20.1e3, 1e3)) / whole), -120
    )


def width(audio: np.ndarray, rate: int) -> np.ndarray:
    """dB of the sides beside the middle, by octaves from 200 Hz on; -60 where there are none."""
    if audio.ndim == 1:
        return np.full(6, -60.0)
    edges = 200.0 * 2.0 ** np.arange(7)
    side = band_powers(0.5 * (audio[:, 0] - audio[:, 1]), rate, edges)
    return np.maximum(10 * np.log10(side / band_powers(middle(audio), rate, edges)), -60.0)


def visqol():
    """ViSQOL's measure of audio, or None where it is not installed."""
    try:
        from visqol import VisqolApi
    except ImportError:
        return None
    api = VisqolApi()
    api.create(mode="audio")
    return api


def mos(api, reference: np.ndarray, audio: np.ndarray, rate: int) -> float:
    """MOS-LQO of a sound beside its reference, both as 48 kHz in one channel and equally loud."""
    sounds = [middle(reference), soxr.resample(middle(audio), rate, RATE)]
    length = min(map(len, sounds))
    reference, audio = (0.05 * sound[:length] / np.sqrt(np.mean(np.square(sound))) for sound in sounds)
    return float(api.measure_from_arrays(reference.astype(float), audio.astype(float), RATE).moslqo)


def targets(folder: pathlib.Path, recordings) -> dict[str, tuple[pathlib.Path, int | None]]:
    """Files of targets by name, with the soundfont's program of those that are rendered."""
    made = {}
    for name, program in PROGRAMS.items():
        notes = [(2.0 * i, 2.0 * i + 1.9, key, 0.7) for i, keys in enumerate(CHORDS) for key in keys]
        path = folder / f"{name.replace(' ', '_')}.wav"
        soundfile.write(path, rendered(program, notes, 8.0), RATE, "FLOAT")
        made[name] = path, program
    return made | {pathlib.Path(path).stem: (pathlib.Path(path), None) for path in recordings}


def row(session, api, name: str, path: pathlib.Path, program: int | None, folder: pathlib.Path) -> dict:
    """One target's figures."""
    target, rate = soundfile.read(path)
    found = {"target": name, "form": f"{rate / 1000:g} kHz, {1 if target.ndim == 1 else 2} ch."}
    for way, asked in (("24", PLAIN), ("full", {})):
        session.compose(INPUT, path, seed=3, **asked)
        begun = time.process_time()
        made = session.compose(INPUT, path, seed=3, **asked)
        found[f"rtf {way}"] = made.seconds / (time.process_time() - begun)
        found[f"top {way}"] = np.abs(top(made.audio, made.sample_rate) - top(target, rate)).mean()
        found[f"width {way}"] = np.abs(width(made.audio, made.sample_rate) - width(target, rate)).mean()
        scores = made.report["adherence"]
        for key in ("onset_f1", "in_chord", "timbre"):
            found[f"{key} {way}"] = scores.get(key, np.nan)
        found["way"] = made.report["instrument"]["way"]
        found[f"ViSQOL {way}"] = np.nan
        if api and program is not None:
            notes = [(note.start, note.end, note.pitch, note.velocity) for note in made.notes]
            found[f"ViSQOL {way}"] = mos(
                api, rendered(program, notes, made.seconds), made.audio, made.sample_rate
            )
        made.save(folder / f"{path.stem}_{way}.wav")
    return found


def table(rows: list[dict]) -> str:
    """The rows in Markdown, their means last."""
    keys = [key for key in rows[0] if key not in ("target", "form", "way")]
    means = {
        key: np.nanmean([one[key] for one in rows]) if any(one[key] == one[key] for one in rows) else np.nan
        for key in keys
    }
    lines = ["| target | form | way | " + " | ".join(keys) + " |", "|---" * (3 + len(keys)) + "|"]
    for one in [*rows, {"target": "**mean**", "form": "", "way": "", **means}]:
        cells = [f"{one[key]:.2f}" if one[key] == one[key] else "" for key in keys]
        lines.append(" | ".join(["", one["target"], one["form"], one["way"], *cells, ""]).strip())
    return "\n".join(lines) + "\n"


def picture(folder: pathlib.Path, stem: str, file: pathlib.Path) -> None:
    """Spectrograms of middle and sides of a target and of what is composed on it, and mean spectra."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.2), constrained_layout=True)
    sounds = {
        "target": soundfile.read(folder / f"{stem}.wav"),
        "result": soundfile.read(folder / f"{stem}_full.wav"),
        "24 kHz way": soundfile.read(folder / f"{stem}_24.wav"),
    }
    for axis, name in zip(axes, ("target", "result"), strict=False):
        audio, rate = sounds[name]
        axis.specgram(
            middle(audio) + 1e-9, NFFT=2048, Fs=rate, noverlap=1024, vmin=-160, vmax=-50, cmap="magma"
        )
        axis.set(title=f"{name}, {rate / 1000:g} kHz", xlabel="seconds", ylabel="Hz", xlim=(0, 7.9))
    edges = np.arange(0, 24_001, 250)
    for name, (audio, rate) in sounds.items():
        power = band_powers(middle(audio), rate, edges)
        axes[2].plot(
            edges[:-1] / 1000, np.maximum(10 * np.log10(power / power.sum()), -110), label=f"{name}, middle"
        )
        if audio.ndim == 2:
            side = band_powers(0.5 * (audio[:, 0] - audio[:, 1]), rate, edges)
            axes[2].plot(
                edges[:-1] / 1000,
                np.maximum(10 * np.log10(side / power.sum()), -110),
                ":",
                label=f"{name}, sides",
            )
    axes[2].set(title="mean spectra", xlabel="kHz", ylabel="dB", ylim=(-110, 0))
    axes[2].legend(fontsize=7)
    figure.savefig(file, dpi=80)


def main(output: str, *recordings: str) -> None:
    """Write the study into a folder."""
    import compjax

    folder = pathlib.Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    session, api = compjax.load(), visqol()
    rows = []
    for name, (path, program) in targets(folder, recordings).items():
        rows.append(row(session, api, name, path, program, folder))
        print(rows[-1], flush=True)
    (folder / "study.md").write_text(table(rows))
    picture(folder, "steel_guitar", folder / "spectra.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
