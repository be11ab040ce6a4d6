import numpy as np
import pytest

from compjax.data.rendering import timbres
from compjax.data.rendering.soundfont import SYNTHETIC_DRUMS


@pytest.mark.parametrize("split", ["train", "dev"])
def test_training_never_hears_what_is_held_out(split):
    entries = timbres.programs(split)
    assert {font for font, *_ in entries} == set(timbres.TRAIN_FONTS)
    assert not {program for _, program, _ in entries} & (timbres.HELD_OUT | timbres.UNFIT)
    assert all(program < 112 for _, program, _ in entries)


def test_the_test_split_hears_only_what_is_held_out():
    for font, program, _ in timbres.programs("test"):
        assert font == timbres.TEST_FONT or program in timbres.HELD_OUT
        assert program not in timbres.UNFIT


def test_every_family_is_in_the_training_set_and_held_out_programs_in_several():
    trained = {program for _, program, _ in timbres.programs("train")}
    for family, _ in timbres.FAMILIES.values():
        assert trained & set(family)
    assert sum(bool(timbres.HELD_OUT & set(family)) for family, _ in timbres.FAMILIES.values()) >= 7


def test_kits_have_three_voices_and_their_own_fonts():
    trained = [timbres.draw_kit("train", np.random.default_rng(seed)) for seed in range(60)]
    tested = [timbres.draw_kit("test", np.random.default_rng(seed)) for seed in range(20)]
    assert all(kit.is_kit and len(kit.pieces) == 3 and all(kit.pieces) for kit in trained + tested)
    assert {kit.font for kit in tested} == {timbres.TEST_FONT}
    assert {kit.font for kit in trained} == {*timbres.TRAIN_FONTS, *timbres.RECORDED_KITS, SYNTHETIC_DRUMS}
    assert len({kit.pieces for kit in trained}) > 20


def test_instruments_are_seeded():
    first, again = (timbres.draw_instrument("train", np.random.default_rng(5)) for _ in range(2))
    assert first == again and not first.is_kit
