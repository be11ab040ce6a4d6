"""Novelty: how much of an output is only a source turned up and down, mixed, or copied.

Spectra are log-frequency magnitudes, linear in amplitude, `[T, M]` at 50 Hz. All shares lie in [0, 1]: 1
means that nothing is new. A gated source scores 1 on `gating_r2` whatever the gate, a mix 1 on `mix_r2`, a
copy 1 on `copy_search`, and whatever is pieced together from the sources' frames 1 on `mosaic_r2`, which is
therefore the strictest.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from compjax.measures.spectra import StftConfig, filtered, log_filters


@dataclasses.dataclass(frozen=True)
class NoveltyConfig:
    """Spectrum and searches; times in seconds."""

    stft: StftConfig = StftConfig(size=2048, hop=480)
    per_octave: int = 24
    dictionary_frames: int = 128
    """At most so many frames of a source, evenly spread, are pieces of a mosaic,"""
    mosaic_frames: int = 400
    """and at most so many of the output are pieced together."""
    iterations: int = 50
    max_lag: float = 0.1
    """The sources are tried at constant delays up to this."""
    windows: tuple[float, ...] = (1.0, 2.0, 4.0)
    """Lengths of the stretches that are searched for in the sources."""
    longest: float = 60.0
    """At most this much of output and source is searched for copies: the search is quadratic."""
    compression: float = 100.0
    """Copies are searched in log(1 + compression * m)."""


DEFAULT = NoveltyConfig()

AT_ONCE = 10
"""Frames of a stretch that are compared in one product."""


def spectrum(audio: np.ndarray, config: NoveltyConfig = DEFAULT) -> np.ndarray:
    """Log-frequency magnitudes `[T, M]` of audio `[S]`, smoothed over three frames (1/4, 1/2, 1/4)."""
    bands = filtered(audio, config.stft, log_filters(config.stft, config.per_octave, 40.0, 8000.0))
    padded = np.pad(bands, ((1, 1), (0, 0)), mode="edge")
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]


def delayed(frames: np.ndarray, count: int, lag: int) -> np.ndarray:
    """`frames` `[T, M]` as a loop, `lag` frames late, cut to `[count, M]`."""
    return frames[(np.arange(count) - lag) % len(frames)]


def gated_power(output: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Power of the output `[T]` that two sources explain under the best non-negative gains of every frame.

    Non-negative least squares with two columns in closed form: both gains where both come out positive,
    else the better of the two alone. All three are `[T, M]`.
    """
    aa, bb = np.sum(first**2, axis=1), np.sum(second**2, axis=1)
    ab, ac, bc = (np.sum(x * y, axis=1) for x, y in ((first, second), (first, output), (second, output)))
    alone = np.maximum(ac**2 / np.maximum(aa, 1e-20), bc**2 / np.maximum(bb, 1e-20))
    determinant = aa * bb - ab**2
    gain_a, gain_b = bb * ac - ab * bc, aa * bc - ab * ac  # times the determinant
    both = (gain_a > 0) & (gain_b > 0) & (determinant > 1e-6 * aa * bb)
    together = (gain_a * ac + gain_b * bc) / np.where(both, determinant, 1.0)
    return np.where(both, together, alone)


def _best_lags(score, config: NoveltyConfig) -> tuple[int, int]:
    """Delays of both sources in frames: the first is searched with the other at rest, then the second."""
    reach = int(round(config.max_lag * config.stft.rate))
    lags = sorted(range(-reach, reach + 1), key=abs)  # max keeps the first: the smallest delay of equals
    first = max(lags, key=lambda lag: score(lag, 0))
    return first, max(lags, key=lambda lag: score(first, lag))


def gating_r2(
    output: np.ndarray, first: np.ndarray, second: np.ndarray, config: NoveltyConfig = DEFAULT
) -> float:
    """Share of the output's power that A and B explain under any gains per frame, at the best delays.

    Args: three spectra of `spectrum`; the sources are looped to the output's length. Silence scores 1.
    """
    power = float(np.sum(output**2))
    if power < 1e-12:
        return 1.0

    def score(*lags: int) -> float:
        sources = (delayed(clip, len(output), lag) for clip, lag in zip((first, second), lags, strict=True))
        return float(np.sum(gated_power(output, *sources))) / power

    return float(np.clip(score(*_best_lags(score, config)), 0.0, 1.0))


def mosaic_r2(output: np.ndarray, sources: Sequence[np.ndarray], config: NoveltyConfig = DEFAULT) -> float:
    """Share of the output's power that frames of the sources explain: any frames, any number, any gains.

    Non-negative least squares of every frame on all frames of the sources (multiplicative updates, Lee and
    Seung 2000). Whatever is pieced together from the sources scores 1: gated, re-sliced or mosaicked.
    Silence scores 1.

    Args: spectra `[T, M]` of `spectrum`. Long ones are thinned out evenly.
    """
    wanted = _thinned(output, config.mosaic_frames)
    power = float(np.sum(wanted**2))
    pieces = np.concatenate([_thinned(_audible(source), config.dictionary_frames) for source in sources])
    if power < 1e-12 or len(pieces) == 0:
        return 1.0
    pieces = pieces / np.linalg.norm(pieces, axis=1, keepdims=True)
    likeness, gram = wanted @ pieces.T, pieces @ pieces.T
    gains = likeness + 1e-9
    for _ in range(config.iterations):
        gains = gains * likeness / np.maximum(gains @ gram, 1e-12)
    return float(np.clip(1.0 - np.sum((wanted - gains @ pieces) ** 2) / power, 0.0, 1.0))


def _thinned(frames: np.ndarray, most: int) -> np.ndarray:
    return frames[:: max(1, -(-len(frames) // most))]


def _audible(frames: np.ndarray) -> np.ndarray:
    """The frames less than 60 dB below the strongest."""
    level = np.linalg.norm(frames, axis=1)
    return frames[level > max(1e-3 * level.max(initial=0.0), 1e-9)]


def mix_r2(
    output: np.ndarray, first: np.ndarray, second: np.ndarray, config: NoveltyConfig = DEFAULT
) -> tuple[float, float]:
    """Share of the output's spectral variance that A and B explain under one gain each, at the best delays.

    Each band's mean is taken off first, so that the same average spectrum is no mix. The second number is
    the weaker source's share of the explained amplitude, 0 (only one is there) to 0.5. A clip without any
    change scores (1, 0).
    """
    centred = output - output.mean(axis=0, keepdims=True)
    power = float(np.sum(centred**2))
    if power < 1e-12:
        return 1.0, 0.0

    def fit(*lags: int) -> tuple[float, float]:
        sources = [delayed(clip, len(output), lag) for clip, lag in zip((first, second), lags, strict=True)]
        moving = [source - source.mean(axis=0, keepdims=True) for source in sources]
        explained, gains = two_gains(centred, *moving)
        parts = sorted(gain * float(np.linalg.norm(part)) for gain, part in zip(gains, moving, strict=True))
        return explained / power, parts[0] / max(sum(parts), 1e-12)

    share, weaker = fit(*_best_lags(lambda *lags: fit(*lags)[0], config))
    return float(np.clip(share, 0.0, 1.0)), weaker


def two_gains(output: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Power explained by g1 * first + g2 * second with the best gains, none negative, and those gains."""
    aa, bb, ab = np.sum(first**2), np.sum(second**2), np.sum(first * second)
    ac, bc = np.sum(first * output), np.sum(second * output)
    determinant = aa * bb - ab**2
    if determinant > 1e-6 * aa * bb:
        gains = (bb * ac - ab * bc) / determinant, (aa * bc - ab * ac) / determinant
        if min(gains) >= 0:
            return float(gains[0] * ac + gains[1] * bc), (float(gains[0]), float(gains[1]))
    ac, bc = max(0.0, ac), max(0.0, bc)
    alone = ac**2 / max(aa, 1e-20), bc**2 / max(bb, 1e-20)
    if alone[0] >= alone[1]:
        return float(alone[0]), (float(ac / max(aa, 1e-20)), 0.0)
    return float(alone[1]), (0.0, float(bc / max(bb, 1e-20)))


def _correlations(output: np.ndarray, source: np.ndarray, length: int) -> np.ndarray:
    """Of stretches of the output, half a length apart, with every place of the source, `[N, P]`.

    Each band is centred within the stretch. A centred stretch is as much like a place as like the place
    centred, so of the places only the norms are centred, and they need not be laid out one by one.

    Args:
        output: frames `[T, M]`.
        source: the same.
        length: frames of a stretch.
    """
    windows = np.lib.stride_tricks.sliding_window_view(output, length, axis=0)[:: length // 2]
    needles = windows - windows.mean(axis=2, keepdims=True)
    padded = np.pad(needles, ((0, 0), (0, 0), (0, -length % AT_ONCE)))
    rows = np.lib.stride_tricks.sliding_window_view(np.pad(source, ((0, AT_ONCE), (0, 0))), AT_ONCE, axis=0)
    rows = rows.reshape(len(rows), -1)
    places, firsts = len(source) - length + 1, range(0, length, AT_ONCE)
    parts = (padded[..., k : k + AT_ONCE].reshape(len(needles), -1) @ rows[k : k + places].T for k in firsts)
    least, squares = 1e-3 * np.sqrt(length), np.square(needles).sum(axis=(1, 2))
    sums, powers = (_moving_sums(source.astype(np.float64) ** k, length) for k in (1, 2))
    norms = np.sqrt(np.maximum((powers - sums**2 / length).sum(axis=1), 0.0))
    return sum(parts) / np.maximum(np.sqrt(squares), least)[:, None] / np.maximum(norms, least)


def _moving_sums(values: np.ndarray, length: int) -> np.ndarray:
    """Sums `[T - length + 1, M]` over `length` frames of `[T, M]`."""
    total = np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0)
    return total[length:] - total[:-length]


def copy_search(
    output: np.ndarray, source: np.ndarray, config: NoveltyConfig = DEFAULT
) -> dict[float, float]:
    """Best correlation of stretches of the output with any place of the source, by stretch length in seconds.

    Correlated is what changes within the stretch, in log magnitude: two held chords of one instrument are
    no copy. Lengths that do not fit both clips are left out. Args: spectra `[T, M]` of `spectrum`.
    """
    most = int(config.longest * config.stft.rate)
    frames = [_coarse(np.log1p(config.compression * clip[:most])) for clip in (output, source)]
    found = {}
    for seconds in config.windows:
        length = int(round(seconds * config.stft.rate))
        if min(len(clip) for clip in frames) >= length:
            found[seconds] = float(np.max(_correlations(*frames, length)))
    return found


def _coarse(level: np.ndarray, group: int = 6) -> np.ndarray:
    """Every `group` bands averaged, to a quarter of an octave: `[T, ceil(M / group)]`."""
    padded = np.pad(level, ((0, 0), (0, -level.shape[1] % group)), mode="edge")
    return padded.reshape(len(level), -1, group).mean(axis=2)


def note_ngrams(notes, size: int = 4, grid: float = 0.0625) -> set[tuple]:
    """Runs of `size` successive chords as (time step in grid units, pitches); empty if there are too few.

    Args: notes with `start` and `pitch`; onsets on the same grid point are one chord.
    """
    chords: dict[int, set[int]] = {}
    for note in notes:
        chords.setdefault(int(round(note.start / grid)), set()).add(note.pitch)
    times = sorted(chords)
    steps = [(after - before, tuple(sorted(chords[after]))) for before, after in itertools.pairwise(times)]
    return {tuple(steps[i : i + size]) for i in range(len(steps) - size + 1)}


def ngram_novelty(notes, source, size: int = 4) -> float:
    """Share of the notes' n-grams that the source does not have, in [0, 1]; 1 where the source has none."""
    ours, theirs = note_ngrams(notes, size), note_ngrams(source, size)
    return len(ours - theirs) / len(ours) if ours else 1.0
