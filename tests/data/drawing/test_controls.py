import dataclasses

import numpy as np
import pytest

from compjax.data.drawing import controls, swaps
from compjax.data.rendering import timbres
from compjax.music.score import Note

ITT = (0, 1, 1)


class Notes:
    """Stands in for `swaps`: the sound of an arrangement is the list of its rhythm, harmony and timbre."""

    draw_pair = staticmethod(swaps.draw_pair)

    def arrangement(self, pair, switches, style):
        clips = (pair.input, pair.target)
        factors = [
            getattr(clips[s], f) for s, f in zip(switches, ("rhythm", "harmony", "timbre"), strict=True)
        ]
        return dataclasses.make_dataclass("Made", ["audio"])([*factors])

    def perform(self, clip):
        return dataclasses.make_dataclass("Made", ["audio"])([clip.rhythm, clip.harmony, clip.timbre])


@pytest.fixture(scope="module")
def pair():
    return next(p for p in map(swaps.draw_pair, range(99)) if p.kind == "drums, pitched")


def test_each_control_changes_its_own_factor_only(pair):
    made = controls.controls(Notes(), pair, ITT, "test")
    own = [pair.input.rhythm, pair.target.harmony, pair.target.timbre]
    for place, group in enumerate((made.rhythm, made.harmony, made.instruments)):
        assert len(group) >= controls.STRANGERS
        for audio in group:
            assert [one == other for one, other in zip(audio, own, strict=True)] == [
                k != place for k in range(3)
            ]
    assert len(made.plays) == 2 * controls.STRANGERS
    assert all(audio[2] == own[2] and audio[0] != own[0] and audio[1] != own[1] for audio in made.plays)


def test_rivals_are_of_other_families_in_the_same_room(pair):
    true = pair.target.timbre
    rivals = controls.rivals_of(true, pair.seed, "test")
    families = [timbres.family_of(one) for one in rivals]
    assert len(set(families)) == controls.RIVALS and timbres.family_of(true) not in families
    assert all(one.colour == true.colour for one in rivals)
    usable = {(font, program) for font, program, _ in timbres.programs("test")}
    assert {(one.font, one.program) for one in rivals} <= usable
    assert rivals == controls.rivals_of(true, pair.seed, "test")


def test_families_have_names():
    kit = timbres.draw_kit("test", np.random.default_rng(0))
    assert timbres.family_of(kit) == timbres.KITS
    assert timbres.family_of(timbres.Timbre("any.sf2", 19)) == "organ"
    assert timbres.family_of(timbres.Timbre(timbres.SYNTHETIC_TONES, 19)) == timbres.DRAWN


@pytest.mark.synth
def test_controls_are_heard(pair):
    made = controls.controls(swaps, pair, ITT, "test")
    arrangement = swaps.arrangement(pair, ITT, pair.style).audio
    for group in dataclasses.astuple(made):
        for audio in group:
            assert audio.shape == arrangement.shape and np.abs(audio).max() > 0.01
            assert not np.allclose(audio, arrangement)


@pytest.mark.synth
def test_played_notes_sound_on_the_instrument(pair):
    note = Note(0.5, 1.0, 60, 0.8)
    audio = controls.play([note], pair.target.timbre, 2.0)
    assert audio.shape == (48_000,) and np.abs(audio[:12_000]).max() < 0.01 < np.abs(audio[12_000:]).max()
