"""An instrument whose numbers are known: odd partials, a clear decay."""

import dataclasses

import numpy as np
import pytest

from compjax.hearing.notes import HeardNote
from compjax.instrument.model import KNOTS, PATTERN, ZONES, Parameters, initial


@pytest.fixture(scope="session")
def hollow() -> Parameters:
    """Even partials 30 dB softer; a note falls by 8.7 dB a second; next to no noise."""
    pattern = np.where(np.arange(PATTERN) % 2, -7.0, 0.0).astype(np.float32)
    silent, rate = np.full(KNOTS, -25.0, np.float32), np.zeros(ZONES, np.float32)
    return dataclasses.replace(
        initial(),
        pattern=pattern,
        slow=rate + np.float32(np.log(2.0)),
        share=rate + 6.0,
        attack=np.float32(np.log(0.004)),
        noise=silent,
        burst=silent,
    )


@pytest.fixture(scope="session")
def melody() -> tuple[HeardNote, ...]:
    """Notes one after the other and two together."""
    pitches = [48, 55, 60, 64, 67, 52]
    line = [HeardNote(0.2 + 0.8 * i, 0.8 + 0.8 * i, pitch, 0.1) for i, pitch in enumerate(pitches)]
    return (*line, HeardNote(5.2, 6.4, 50, 0.1), HeardNote(5.2, 6.4, 57, 0.1))
