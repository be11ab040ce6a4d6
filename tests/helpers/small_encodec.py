"""A small EnCodec with drawn weights, as fixtures."""

import pytest
from encodec_helpers import drawn, small_state


@pytest.fixture(scope="session")
def small():
    """EnCodec with a hop of 6 and 8 channels, as the golden arrays have it."""
    from compjax.codec.encodec.encodec import Encodec, EncodecConfig

    return Encodec(EncodecConfig(**drawn.SMALL))


@pytest.fixture(scope="session")
def small_params(small):
    """Its drawn weights, through the conversion."""
    from compjax.port.encodec_table import convert

    return convert(small_state(small.config), "drawn", small.config)
