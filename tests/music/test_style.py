import numpy as np
import pytest

from compjax.music.style import Style, contour, random_style


def test_vector_and_back():
    style = random_style(np.random.default_rng(0))
    assert style.vector().shape == (8,) and style.vector().dtype == np.float32
    np.testing.assert_allclose(Style.from_vector(style.vector()).vector(), style.vector())


def test_vector_is_in_the_order_of_the_fields():
    assert Style.from_vector(np.arange(8) / 8).articulation == 0.25


def test_from_vector_clips_and_refuses_other_shapes():
    assert Style.from_vector(np.full(8, 3.0)) == Style(*(1.0,) * 8)
    with pytest.raises(ValueError, match="8 numbers"):
        Style.from_vector(np.zeros(7))


@pytest.mark.parametrize(
    ("shape", "values"),
    [(0.5, [0.0, 0.5, 1.0, 0.5]), (0.0, [1.0, 0.75, 0.5, 0.25]), (1.0, [0.0, 0.25, 0.5, 0.75])],
)
def test_contour_is_a_triangle_with_its_peak_where_the_shape_says(shape, values):
    style = Style(contour_depth=1.0, contour_rate=0.5, contour_phase=0.0, contour_shape=shape)  # 1 cycle/s
    np.testing.assert_allclose([contour(style, t) for t in (0.0, 0.25, 0.5, 0.75)], values, atol=1e-12)


def test_contour_rates_run_from_a_quarter_to_four_cycles_a_second():
    slow, fast = Style(contour_depth=1, contour_rate=0.0), Style(contour_depth=1, contour_rate=1.0)
    assert contour(slow, 2.0) == pytest.approx(1.0)
    assert contour(fast, 0.125) == pytest.approx(1.0)


def test_no_depth_no_motion():
    style = Style(contour_depth=0.0)
    assert {contour(style, t) for t in np.linspace(-2, 2, 9)} == {0.5}


def test_contour_stays_in_range_for_any_style():
    generator = np.random.default_rng(1)
    values = [contour(random_style(generator), t) for t in generator.uniform(-4, 8, 500)]
    assert 0.0 <= min(values) and max(values) <= 1.0
