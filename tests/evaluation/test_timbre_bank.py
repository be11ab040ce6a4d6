import numpy as np
import pytest

from compjax.data.rendering import timbres
from compjax.evaluation import timbre_bank
from compjax.evaluation.timbre_bank import Bank, BankConfig, Changes
from compjax.measures import timbre


def bank_of(rng, instruments=40, clips=8, size=12, useful=4):
    """Clips whose first features are their instrument's, the others noise that is three times as strong."""
    labels = np.repeat(np.arange(instruments), clips)
    own = rng.standard_normal((instruments, useful))[labels]
    features = 3.0 * rng.standard_normal((len(labels), size))
    features[:, :useful] = own + 0.3 * rng.standard_normal(own.shape)
    return Bank(features, labels, labels // 4, np.tile([0, 1], len(labels) // 2))


def test_the_space_keeps_what_instruments_differ_in(rng):
    learned, others = bank_of(rng), bank_of(rng)
    space = timbre_bank.learn(learned, BankConfig(dimensions=6))
    figures = timbre_bank.validate(space, others)
    assert figures["nearer"] > 0.95 and figures["named"] > 0.7 and figures["instruments"] == 40
    assert figures["other"] == pytest.approx(1.0, abs=0.15) and figures["same"] < 0.5 * figures["other"]
    reach = np.linalg.norm(space.projection, axis=1)
    assert reach[:4].min() > 3 * reach[4:].max()


def test_nothing_is_told_apart_where_instruments_are_noise(rng):
    noise = bank_of(rng, useful=0)
    space = timbre_bank.learn(noise, BankConfig(dimensions=6))
    assert timbre_bank.validate(space, bank_of(rng, useful=0))["nearer"] == pytest.approx(0.5, abs=0.1)


def test_what_rooms_and_codecs_change_counts_for_less(rng):
    bank = bank_of(rng)
    plain = np.zeros((200, 12))
    room = plain.copy()
    room[:, 0] = 3.0 * rng.standard_normal(200)  # the first useful feature is what a room changes
    spaces = [
        timbre_bank.learn(bank, BankConfig(dimensions=6), c) for c in (None, Changes(plain, room, plain))
    ]
    before, after = (np.linalg.norm(space.projection / space.projection.std(), axis=1) for space in spaces)
    assert after[0] < 0.5 * before[0] and after[1] > 0.7 * before[1]


@pytest.fixture(scope="module")
def heldout():
    """Instruments of a font that the space was not learned from: six clips each."""
    config = BankConfig(clips=6, pool=24, recorded=0.0, seed=7)
    usable = [p for p in range(112) if p not in timbres.UNFIT]
    chosen = sorted({*usable[::6], *timbres.HELD_OUT} & set(usable))
    return timbre_bank.make_bank((timbres.TEST_FONT,), config, programs=chosen)


@pytest.mark.synth
@pytest.mark.slow
def test_an_unheard_instrument_is_nearer_to_itself_than_to_others_that_play_the_same(heldout):
    figures = timbre_bank.validate(timbre.bundled(), heldout)
    assert figures["nearer"] > 0.85 and figures["nearer_centre"] > 0.93
    assert figures["same"] < 0.75 * figures["other"]
    assert figures["among_five"] > 0.7 and figures["instruments"] >= 20
