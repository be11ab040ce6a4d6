import pytest

from compjax.data.drawing.drum_patterns import GROOVES
from compjax.music.score import HIGH, LOW, MID


@pytest.mark.parametrize("groove", GROOVES, ids=lambda groove: groove.name)
def test_a_groove_has_as_many_steps_in_every_voice(groove):
    steps = groove.beats_per_bar * groove.steps_per_beat
    assert [len(groove.velocities(voice)) for voice in (LOW, MID, HIGH)] == [steps] * 3
    assert {len(beat) for beat in groove.low.split()} == {groove.steps_per_beat}
    assert any(any(groove.velocities(voice)) for voice in (LOW, MID, HIGH))


def test_the_grooves_have_the_meters_promised():
    assert {2, 3, 4, 5, 7} <= {groove.beats_per_bar for groove in GROOVES}
