import dataclasses
import types

import numpy as np
import pytest
import soundfile

from compjax.constants import SAMPLE_RATE
from compjax.data.rendering.soundfont import Timbre
from compjax.errors import UserError
from compjax.evaluation import testsets
from compjax.music.factors import Switches


@pytest.fixture
def folder(tmp_path):
    """Two pairs of one and ten seconds, and a clip without a partner."""
    for name, seconds in (("a_input", 1), ("a_target", 10), ("b_input", 10), ("b_target", 1), ("c_input", 1)):
        audio = np.full(seconds * SAMPLE_RATE, 0.1, np.float32)
        audio[0] = 0.5
        soundfile.write(tmp_path / f"{name}.wav", audio, SAMPLE_RATE, subtype="FLOAT")
    return tmp_path


def test_pairs_of_a_folder(folder):
    pairs = testsets.real_pairs(folder, seconds=2.0)
    assert [pair.name for pair in pairs] == ["a x a", "b x b"]
    for pair in pairs:
        assert pair.given.shape == pair.target.shape == (2 * SAMPLE_RATE,)
        assert pair.reference is pair.target and not pair.arrangements
    assert np.flatnonzero(pairs[0].given > 0.4).tolist() == [0, SAMPLE_RATE]  # looped
    assert np.flatnonzero(pairs[0].target > 0.4).tolist() == [0]  # cut


def test_pairs_of_a_list(folder):
    path = folder / "pairs.csv"
    path.write_text("input,target\na_input.wav,b_target.wav\n# a remark\nc_input.wav, b_target.wav\n")
    assert [pair.name for pair in testsets.real_pairs(path)] == ["a x b", "c x b"]


def test_aligned_target_is_the_reference(folder):
    pairs = testsets.real_pairs(folder, aligner=lambda given, target: 0.5 * target)
    np.testing.assert_array_equal(pairs[0].reference, 0.5 * pairs[0].target)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a_input.wav\n", "line 1: a line is input,target"),
        ("", "no pairs"),
        ("a_input.wav,b_target.wav\na_input.wav,no.wav\n", "line 2: there is no file .*no.wav"),
    ],
)
def test_bad_lists_are_refused(folder, text, message):
    (folder / "pairs.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        testsets.real_pairs(folder / "pairs.csv")


def test_missing_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        testsets.real_pairs(tmp_path / "none")
    with pytest.raises(UserError, match="no pairs"):
        testsets.real_pairs(tmp_path)
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not a CSV"):
        testsets.real_pairs(tmp_path / "x.csv")


class FakeSwaps:
    """Draws drums with held and strummed chords by turns; the audio of a swap tells its switches."""

    CLIP_SECONDS = 4.0

    @dataclasses.dataclass(frozen=True)
    class Style:
        density: float = 0.5

    def draw_pair(self, seed, split):
        assert split == "test"
        note = types.SimpleNamespace(start=-1.0, pitch=60)
        clip = lambda part: types.SimpleNamespace(  # noqa: E731
            part=part,
            notes=(note,),
            harmony=types.SimpleNamespace(spans=(f"span of {part}",)),
            timbre=Timbre("none.sf2", 19),
        )
        target = clip(("held", "strummed")[seed % 2])
        return types.SimpleNamespace(
            kind="drums, pitched", input=clip("drums"), target=target, seed=seed, style=self.Style()
        )

    def perform(self, clip):
        return types.SimpleNamespace(audio=np.zeros(8, np.float32), notes=clip.notes)

    def arrangement(self, pair, switches, style):
        notes = tuple(types.SimpleNamespace(start=start, pitch=60) for start in (-0.5, 0.0, 3.9, 4.0))
        return types.SimpleNamespace(audio=np.array(switches, np.float32), notes=notes)


def test_rendered_pairs_are_of_the_kind_and_know_the_truth():
    settings = (Switches(), Switches("target", "input", "target"))
    pairs = testsets.rendered_pairs(FakeSwaps(), 2, seed=3, settings=settings)
    assert [pair.name for pair in pairs] == ["rendered 300000: drums x held", "rendered 300002: drums x held"]
    pair = pairs[0]
    assert set(pair.arrangements) == {"ITT", "TIT"} and pair.style == {"density": 0.5}
    assert pair.arrangements["ITT"].audio.tolist() == [0, 1, 1]
    assert pair.arrangements["TIT"].audio.tolist() == [1, 0, 1]
    assert pair.arrangements["ITT"].known.spans == ("span of held",)
    assert pair.arrangements["TIT"].known.spans == ("span of drums",)
    assert pair.family == "organ" and set(pair.truths) == {
        "ITT",
        "TIT",
    }  # controls are rendered when asked for
    known = pair.arrangements["ITT"].known
    assert [note.start for note in known.arrangement] == [0.0, 3.9]  # struck within the clip
    assert known.source_notes == ()
