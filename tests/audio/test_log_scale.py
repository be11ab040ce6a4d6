"""The scale of latents."""

import numpy as np
import pytest

from compjax.audio.log_scale import to_latents, to_log
from compjax.constants import LOG_FLOOR, SILENT_LATENT


def test_silence_is_the_floor():
    assert to_log(SILENT_LATENT) == pytest.approx(np.log(LOG_FLOOR))


def test_there_and_back(rng):
    latents = rng.standard_normal((3, 4)).astype(np.float32)
    again = to_latents(to_log(latents))
    assert again.dtype == np.float32
    np.testing.assert_allclose(again, latents, atol=1e-5)
