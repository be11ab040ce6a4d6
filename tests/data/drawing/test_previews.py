from compjax.data.drawing import swaps
from compjax.data.drawing.previews import describe, swap_name


def test_a_swap_is_named_by_where_its_factors_are_from():
    assert swap_name((0, 1, 1)) == "rhythm_A_harmony_B_timbre_B"


def test_a_description_names_font_program_tempo_and_chords():
    pair = next(p for p in map(swaps.draw_pair, range(50)) if p.kind == "drums, pitched")
    kit, pitched = describe(pair.input), describe(pair.target)
    assert kit.startswith("kit ") and kit.endswith("chords []")
    assert pair.target.timbre.font in pitched and f"program {pair.target.timbre.program}," in pitched
    assert str(pair.target.harmony.spans[0].pitches) in pitched
