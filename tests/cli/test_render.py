import concurrent.futures
import sys
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

from compjax.cli import render
from compjax.data.rendering import timbres
from compjax.data.sources import shards
from compjax.errors import UserError


def parse(*arguments):
    """The flags of a command line."""
    values = render.define_flags()
    values(["compjax-render", *arguments])
    return values


def test_machines_share_the_work_without_overlap(tmp_path):
    mine = render.work(tmp_path, parse("--num_examples=700", "--num_shards=2", "--shard=1"))
    assert [(index, first, count) for _, index, _, first, count in mine] == [
        (1, 128, 128),
        (3, 384, 128),
        (5, 640, 60),
    ]


def test_all_tasks_of_an_array_job_are_all_the_work_once(tmp_path):
    parts = []
    whole = render.work(tmp_path, parse("--num_examples=1000"))
    for task in range(3):
        parts += render.work(tmp_path, parse("--num_examples=1000", f"--shard={task}", "--num_shards=3"))
    assert sorted(parts) == whole and sum(job[-1] for job in whole) == 1000


def test_a_task_that_there_is_not_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match="give 0 to 2"):
        render.work(tmp_path, parse("--num_examples=1000", "--shard=3", "--num_shards=3"))


def test_another_seed_has_other_examples(tmp_path):
    assert render.work(tmp_path, parse("--seed=1"))[0][3] == render.SEED_STRIDE


def test_nothing_to_do_says_what_to_give():
    with pytest.raises(UserError, match="--output"):
        render.render(parse())


def test_a_folder_that_cannot_be_made_is_one_line_and_status_65(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert render.run(["compjax-render", f"--output={tmp_path}/file/folder"]) == 65
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def one_font(monkeypatch):
    monkeypatch.setattr(timbres, "TRAIN_FONTS", (timbres.TEST_FONT,))
    monkeypatch.setattr(timbres, "RECORDED_KITS", (timbres.TEST_FONT,))


@pytest.mark.synth
def test_shards_are_rendered_and_counted(tmp_path, monkeypatch, one_font, capsys):
    def in_this_process(workers, context):
        return concurrent.futures.ThreadPoolExecutor(1)

    monkeypatch.setattr(render.concurrent.futures, "ProcessPoolExecutor", in_this_process)
    render.render(parse(f"--output={tmp_path}/new/folder", "--num_examples=2"))
    fields = np.load(tmp_path / "new/folder/shard_00000.npz")
    assert fields["seed"].tolist() == [0, 1]
    assert "shard 1/1" in capsys.readouterr().err


def test_a_worker_that_is_ended_is_the_users_error(monkeypatch, tmp_path):
    class Pool(concurrent.futures.ThreadPoolExecutor):
        def __init__(self, workers, context):
            super().__init__(workers)

    def ended(*job):
        raise BrokenProcessPool("killed")

    monkeypatch.setattr(render.concurrent.futures, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(shards, "render_shard", ended)
    with pytest.raises(UserError, match="run again"):
        render.render_shards([(tmp_path, 0, "train", 0, 2)], 1)


@pytest.mark.synth
def test_previews_are_ten_sounds_and_a_text(tmp_path, one_font):
    from compjax.audio import waveform

    render.render(parse(f"--preview={tmp_path}", "--num_examples=1", "--seed=3"))
    sounds = sorted(tmp_path.glob("*.wav"))
    assert len(sounds) == 10 and len(list(tmp_path.glob("*.txt"))) == 1
    for path in sounds:
        audio = waveform.read(path)
        assert audio.shape == (96000,) and 0.05 < np.sqrt(np.mean(audio**2)) and np.abs(audio).max() < 1.0


def test_importing_the_command_loads_no_jax():
    import subprocess

    heavy = {"jax", "librosa", "fluidsynth", "mido"}
    code = f"import sys, compjax.cli.render; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
