"""The one home of the constants that audio, latents and notes share."""

import math

SAMPLE_RATE = 24_000
"""Sampling rate of every waveform inside the system, in Hz; mono."""

HOP_LENGTH = 320
"""Samples from one latent frame to the next."""

FRAME_RATE = SAMPLE_RATE / HOP_LENGTH
"""Latent frames per second: 75."""

LATENT_SIZE = 128
"""Channels of a latent frame."""

MIN_PITCH = 24
"""Lowest pitch of the piano roll, as a MIDI number (C1, 32.7 Hz)."""

NUM_PITCHES = 64
"""Pitches of the piano roll: MIDI 24 to 87 (C1 to E flat 6)."""

NUM_VOICES = 3
"""Voices of a rhythm: low, mid, high."""

STYLE_SIZE = 8
"""Numbers in a style vector, each in [0, 1]."""

NEUTRAL_STYLE = 0.5
"""Every number of the style where none is given: the middle of its range."""

MIN_SECONDS = 0.5
"""Shortest clip that can be composed."""

MAX_SECONDS = 3600.0
"""Longest clip that can be composed."""


def midi_to_hz(pitch):
    """Frequency in Hz of a MIDI pitch, A4 = 440 Hz = 69 (equal temperament)."""
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


REGISTER_EDGES = (50, 68)
"""MIDI pitches between low, mid and high voice, as the pieces of a kit have them."""

BANDS_PER_OCTAVE = 15
"""Log-frequency bands to the octave; the first lies on C1, so a MIDI pitch p is band 1.25 (p - 24)."""

ANALYSIS_WINDOWS = (4096, 2048, 1024)
"""Window lengths of the log-band analysis in samples: long for low bands, short for high ones."""

ANALYSIS_EDGES = (523.25, 2093.0)
"""Frequencies in Hz where the next shorter window takes over."""

LOG_FLOOR = 1e-5
"""Band magnitude (full-scale sine = 1) that counts as silence: -100 dBFS."""

LATENT_MEAN = -7.1
"""Mean of the natural-log band magnitudes over recorded music at -20 dBFS."""

LATENT_STD = 2.35
"""Their standard deviation."""

SILENT_LATENT = (math.log(LOG_FLOOR) - LATENT_MEAN) / LATENT_STD
"""Latent value of digital silence."""
