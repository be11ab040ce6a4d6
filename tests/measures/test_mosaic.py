import numpy as np

from compjax.measures import mosaic
from compjax.measures.mosaic import MosaicConfig


def test_only_the_strongest_of_a_template_nearby_stays():
    active = np.array([[1.0, 3.0, 2.0, 0.0, 0.0, 2.5]])
    marked = mosaic._is_repetition(active, 1)
    np.testing.assert_array_equal(marked, [[True, False, True, True, True, False]])


def test_only_so_many_sound_at_once():
    active = np.array([[1.0], [4.0], [3.0], [2.0]])
    np.testing.assert_array_equal(mosaic._is_crowd(active, 2)[:, 0], [True, False, False, True])
    assert not mosaic._is_crowd(active, 4).any()


def test_diagonals_add_up():
    active = np.zeros((4, 5))
    active[1, 2] = 1.0
    spread = mosaic.along_diagonals(active, 1)
    np.testing.assert_array_equal(np.argwhere(spread), [[0, 1], [1, 2], [2, 3]])


def test_known_templates_are_recognised(rng):
    templates = np.eye(6)[:, :4] + 0.01
    wanted = np.zeros((6, 9))
    order = [0, 1, 2, 3, 0, 1, 2, 3, 0]
    wanted[order, np.arange(9)] = 1.0
    active = mosaic.activations(wanted, templates, MosaicConfig(repetition=2, continuity=1, polyphony=2), rng)
    assert active.argmax(axis=0).tolist() == order


def test_the_target_is_rebuilt_from_itself(melody):
    audio = melody([0.1, 0.6, 1.1, 1.7], [60, 64, 67, 72], 2.0)
    made = mosaic.mosaic(audio, audio)
    assert np.corrcoef(made, audio)[0, 1] > 0.8
