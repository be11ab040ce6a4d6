"""Mel filterbanks."""

import numpy as np

from compjax.audio.transforms.mel import mel_filters


def test_mel_filters():
    filters = mel_filters(1024, 80, 8000.0)
    assert filters.shape == (513, 80)
    assert filters.max() <= 1.0
    top = np.flatnonzero(filters[:, -1]) * 24_000 / 1024
    assert 7400 < top.min() < top.max() < 8000
    middle = filters[20:300].sum(axis=1)  # neighbouring triangles sum to one between the outermost centres
    np.testing.assert_allclose(middle, 1.0, atol=1e-5)
