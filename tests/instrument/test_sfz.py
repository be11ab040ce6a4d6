"""The SFZ folder plays the instrument's notes, by a reader of our own and by sfizz where it is installed."""

import dataclasses
import pathlib
import re

import numpy as np
import pytest
import soundfile

from compjax.arranging.performer import Performer
from compjax.audio.sound_files import SoundFormat
from compjax.hearing.notes import HeardNote
from compjax.instrument.capture import Modelled
from compjax.instrument.sfz import SfzConfig, save_sfz, zones_of

RATE = 44_100
HEARD = tuple(HeardNote(0.0, 1.0, pitch, 0.3) for pitch in (55, 60, 64))


@pytest.fixture(scope="module", params=[True, False], ids=["sustained", "ringing"])
def instrument(request, hollow):
    performer = Performer(HEARD, sustained=request.param)
    slow = hollow.slow + np.float32(-3.0 if request.param else 1.5)
    return Modelled(dataclasses.replace(hollow, slow=slow), 0.0, performer, form=SoundFormat(RATE, 1))


@pytest.fixture(scope="module")
def saved(instrument, tmp_path_factory):
    return save_sfz(instrument, tmp_path_factory.mktemp("sfz") / "mine")


def regions(path: pathlib.Path) -> list[dict[str, str]]:
    """The regions of an SFZ file, each as its opcodes."""
    lines = [line for line in path.read_text().splitlines() if line.startswith("<region>")]
    return [dict(word.split("=") for word in line.split()[1:]) for line in lines]


def played(path: pathlib.Path, key: int, velocity: int) -> np.ndarray:
    """What the sample of a key sounds like, resampled to its pitch, `[S]`."""
    [own] = [
        region
        for region in regions(path)
        if int(region["lokey"]) <= key <= int(region["hikey"])
        and int(region["lovel"]) <= velocity <= int(region["hivel"])
    ]
    sound, _ = soundfile.read(path.parent / "samples" / own["sample"])
    low, high = int(own["lovel"]), int(own["hivel"])
    ratio = 2 ** ((key - int(own["pitch_keycenter"])) / 12)
    ends = float(own[f"amp_velcurve_{low}"]), float(own[f"amp_velcurve_{high}"])
    place = np.arange(0.0, len(sound) - 1, ratio)
    return np.interp(place, np.arange(len(sound)), sound) * np.interp(velocity, (low, high), ends)


def pitch_of(sound: np.ndarray) -> float:
    """MIDI pitch of the strongest line of the first second."""
    part = sound[:RATE] * np.hanning(len(sound[:RATE]))
    hz = np.abs(np.fft.rfft(part, 4 * RATE)).argmax() / 4
    return 69 + 12 * np.log2(hz / 440)


def test_every_key_and_velocity_has_one_sample(saved):
    for key in range(128):
        for velocity in (1, 48, 49, 90, 127):
            assert played(saved, key, velocity).any()


def test_keys_sound_at_their_pitch_and_velocities_are_linear(saved):
    for key in (52, 57, 60, 62):
        assert pitch_of(played(saved, key, 127)) == pytest.approx(key, abs=0.1)
    velocities = (20, 48, 49, 88, 127)
    levels = [np.sqrt(np.mean(np.square(played(saved, 60, v)[:RATE]))) / v for v in velocities]
    assert max(levels) < 1.15 * min(levels)


def test_loops_lie_within_their_samples_and_have_no_jump(saved, instrument):
    for region in regions(saved):
        looped = region["loop_mode"] == "loop_continuous"
        assert looped == instrument.performer.sustained
        if looped:
            sound, _ = soundfile.read(saved.parent / "samples" / region["sample"])
            begin, end = int(region["loop_start"]), int(region["loop_end"])
            assert 0 < begin < end < len(sound)
            step = np.abs(np.diff(sound[begin:end])).max()
            assert abs(sound[end] - sound[begin]) < 2 * step + 1e-4


def test_a_kit_has_a_sample_for_each_voice(instrument):
    kit = dataclasses.replace(instrument, performer=Performer(is_kit=True))
    zones = zones_of(kit, SfzConfig())
    assert [zone.low for zone in zones][0] == 0 and zones[-1].high == 127 and len(zones) == 3
    assert all(one.high + 1 == other.low for one, other in zip(zones, zones[1:], strict=False))


def test_it_plays_in_sfizz(saved):
    """pip install pysfizz: the sampler that most free hosts use, as a library."""
    pysfizz = pytest.importorskip("pysfizz")
    synth = pysfizz.Synth(sample_rate=RATE, block_size=512)
    assert synth.load_sfz_file(saved)
    assert len(synth.playable_keys) == 128
    for key in (57, 62):
        sound = synth.render_note(key, 100, 1.0, 2.0)[0]
        assert len(sound) == 2 * RATE and np.abs(sound[: RATE // 2]).max() > 0.01
        assert pitch_of(sound) == pytest.approx(key, abs=0.1)


def test_names_are_plain(saved):
    assert all(re.fullmatch(r"\d{3}_\d{3}\.wav", region["sample"]) for region in regions(saved))
