"""Pictures show what is in a composition, in one place each."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from fakes import chord, drums, make_session

from compjax.constants import SAMPLE_RATE
from compjax.music.score import Harmony, Span
from compjax.pages import panels, pictures, views

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def composition():
    return make_session().compose(drums(2), chord(2), sample_rate=SAMPLE_RATE, arranger="network")


def words_of(svg: bytes) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def pixels(png: bytes) -> np.ndarray:
    from matplotlib import image

    return image.imread(io.BytesIO(png), format="png")


def test_clip_shows_chords_frequencies_and_seconds(composition):
    words = words_of(pictures.clip_picture(composition.view.target, "The target"))
    assert {"The target", "C", "seconds", "Hz", "100", "1k"} <= set(words)


def test_clip_without_chords_has_no_strip(composition):
    words = words_of(pictures.clip_picture(composition.view.input, "Drums"))
    assert {"low", "mid", "high", "Drums"} <= set(words)


def test_roll_and_weights_are_labelled(composition):
    assert {"pitch", "C3", "G3", "C"} <= set(words_of(pictures.roll_picture(composition)))
    words = words_of(pictures.weights_picture(composition))
    assert {"input rhythm", "target timbre", "0.75", "0.12"} <= set(words)


def test_overview_has_everything(composition):
    words = words_of(pictures.overview(composition, kind="svg"))
    assert sum(word == "Hz" for word in words) == 3 and {"pitch", "target harmony", "seconds"} <= set(words)


def test_pictures_share_their_time_axis(composition):
    """The dark frame of the weights begins and ends where the constants say."""
    png = pixels(pictures.weights_picture(composition, kind="png"))
    dark = np.flatnonzero((png[..., :3].sum(axis=-1) < 1.0).mean(axis=0) > 0.5)
    assert dark[0] / png.shape[1] == pytest.approx(pictures.LEFT, abs=0.003)
    assert dark[-1] / png.shape[1] == pytest.approx(pictures.RIGHT, abs=0.003)


def test_span_is_what_is_shown(composition):
    words = words_of(pictures.clip_picture(composition.view.input, span=(1.0, 1.5)))
    assert "1.5" in words and "0.0" not in words
    assert pictures.shown(200.0) == (0.0, pictures.SHOWN_SECONDS)
    with pytest.raises(ValueError, match="nothing to be shown"):
        pictures.shown(2.0, (3.0, 4.0))


def test_same_composition_same_bytes(composition):
    assert pictures.overview(composition) == pictures.overview(composition)
    first, again = (pictures.clip_picture(composition.view.input) for _ in range(2))
    assert first == again


def test_unknown_kind(composition):
    with pytest.raises(ValueError, match="one of svg, png"):
        pictures.overview(composition, kind="gif")


def test_spectrogram_is_in_decibels():
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sine = np.sin(2 * np.pi * 440.0 * time).astype(np.float32)
    loud, soft = (views.spectrogram(np.float32(gain) * sine)[20:50] for gain in (1.0, 0.1))
    assert loud.shape == (30, 128) and loud.mean(axis=0).argmax() == round(panels.band_of(440.0))
    assert loud.max() - soft.max() == pytest.approx(20.0, abs=0.01)
    assert -6.0 < loud.max() <= 0.0  # a band reads a sine between two bins a little low


def test_narrow_chords_have_no_name(composition):
    import matplotlib.figure

    axes = matplotlib.figure.Figure().add_axes((0, 0, 1, 1))
    spans = (Span(0.0, 0.1, (24, 28, 31), 24), Span(0.1, 2.0, (26, 29, 33), 26))
    panels.draw_chords(axes, Harmony(spans), (0.0, 2.0), 0.15)
    assert [text.get_text() for text in axes.texts] == ["Dm"]


def test_only_the_beginning_is_kept(monkeypatch):
    monkeypatch.setattr(views, "KEPT_SECONDS", 1.0)
    made = make_session().compose(drums(3), chord(2), sample_rate=SAMPLE_RATE, arranger="network")
    sizes = {made.view.input.audio.size, made.view.target.audio.size, made.view.target_as_given.size}
    assert sizes == {SAMPLE_RATE} and made.view.input.seconds == 3.0
    assert "first 1 seconds of each sound" in made.html()


def test_a_long_piece_is_drawn_as_far_as_it_is_shown():
    """An hour's weights that change every frame give no larger picture than the half minute that is seen."""
    import matplotlib.figure

    axes = matplotlib.figure.Figure().add_axes((0, 0, 1, 1))
    gates = np.linspace(0.0, 1.0, 270_000)[:, None] * np.ones((1, 6))
    panels.draw_weights(axes, gates, (10.0, 12.0))
    points = max(len(path.vertices) for band in axes.collections for path in band.get_paths())
    assert 150 < points < 1000
    steady = matplotlib.figure.Figure().add_axes((0, 0, 1, 1))
    panels.draw_weights(steady, np.ones((270_000, 6)), (10.0, 12.0))
    assert max(len(path.vertices) for band in steady.collections for path in band.get_paths()) < 12
    assert {text.get_text() for text in steady.texts} == {"1.00"}
