"""What the tests of rendering share."""

import pytest


@pytest.fixture
def one_font(monkeypatch):
    """Every timbre is from the smallest soundfont, so that a test loads no other."""
    from compjax.data import timbres

    monkeypatch.setattr(timbres, "TRAIN_FONTS", (timbres.TEST_FONT,))
    monkeypatch.setattr(timbres, "RECORDED_KITS", (timbres.TEST_FONT,))
