"""The launch scripts of clusters, without one: stubs of their commands write down what they were asked."""

import importlib.util
import os
import pathlib
import subprocess
import time

import pytest

_spec = importlib.util.spec_from_file_location("launch", pathlib.Path(__file__).with_name("test_launch.py"))
launch = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(launch)
stubs = launch.stubs  # a fixture


# SLURM -----------------------------------------------------------------------------------------------------


def test_slurm_submits_itself():
    [train] = launch.commands(
        launch.start("slurm.sh", "train", "--config.seed=2", DRY_RUN="1", GPUS="8", NODES="2", PARTITION="a")
    )
    assert train == (
        "sbatch --job-name=compjax-train --time=24:00:00 --cpus-per-task=8 --requeue --open-mode=append "
        "--export=ALL --partition=a --nodes=2 --ntasks-per-node=8 --gpus-per-node=8 --signal=TERM@120 "
        "--output=slurm-%x-%j.log launch/slurm.sh train --workdir runs/compositional --config.seed=2"
    )
    [render] = launch.commands(
        launch.start("slurm.sh", "render", "--dry_run", ARRAY="4", SBATCH_FLAGS="--mem=4G --qos=low")
    )
    assert "--array=0-3 --output=slurm-%x-%A_%a.log --mem=4G --qos=low launch/slurm.sh render" in render


def in_job(*args, **settings):
    """The script as the job that it has submitted, in the folder that it was submitted from."""
    command = ["bash", "launch/slurm.sh", *args]
    settings = {"SLURM_JOB_ID": "77"} | settings
    return subprocess.run(
        command, capture_output=True, text=True, env=os.environ | settings, cwd=launch.ROOT, timeout=60
    )


@pytest.mark.parametrize(("ends", "status", "requeued"), [(0, 0, False), (42, 0, True), (65, 65, False)])
def test_a_preempted_job_is_queued_again(tmp_path, stubs, ends, status, requeued):
    launch.make_stub(tmp_path / "bin", "srun", f'echo "srun $*" >>"{tmp_path}/calls"; exit {ends}')
    launch.make_stub(tmp_path / "bin", "scontrol", f'echo "scontrol $*" >>"{tmp_path}/calls"')
    done = in_job("train", "--workdir", "w", **stubs)
    assert done.returncode == status
    srun = f"srun --kill-on-bad-exit=1 compjax-train --config={launch.CONFIG} --workdir=w --distributed=auto"
    assert launch.calls(tmp_path) == [srun] + ["scontrol requeue 77"] * requeued


def test_an_array_shares_the_shards(tmp_path, stubs):
    settings = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_CPUS_PER_TASK": "2", "ARRAY": "4", "DATA": "d"}
    assert in_job("render", **stubs, **settings).returncode == 0
    assert launch.calls(tmp_path) == [
        "compjax-render --output=d/train --num_examples=16384 --split=train --workers=2 "
        "--shard=3 --num_shards=4"
    ]


# TPU pods --------------------------------------------------------------------------------------------------


def test_tpu_pod_dry_run():
    settings = {"ZONE": "z", "TYPE": "v5litepod-256", "BUCKET": "b", "TMPDIR": "/t", "PROJECT": "p"}
    made = launch.commands(
        launch.start("tpu_pod.sh", "up", "--config.batch_size=512", DRY_RUN="1", **settings)
    )
    place = "--zone=z --project=p"
    ssh = f"gcloud compute tpus tpu-vm ssh compjax {place} --worker=all --command="
    assert made[:3] == [
        f"gcloud compute tpus queued-resources create compjax --node-id=compjax {place} "
        "--accelerator-type=v5litepod-256 --runtime-version=v2-alpha-tpuv5-lite --spot",
        "git archive --format=tar.gz --output=/t/compjax-compjax.tar.gz HEAD",
        "gcloud compute tpus tpu-vm scp /t/compjax-compjax.tar.gz compjax:compjax.tar.gz "
        f"{place} --worker=all",
    ]
    assert [command.startswith(ssh) for command in made[3:]] == [True] * 3
    assert "./compjax\\[train\\,tpu\\]" in made[3] and "gcsfuse" in made[4]
    assert "--distributed=on" in made[5] and "--config.batch_size=512" in made[5]
    last = launch.commands(launch.start("tpu_pod.sh", "log", "--dry_run", ZONE="z"))[0]
    assert last.startswith("gcloud compute tpus tpu-vm ssh compjax --zone=z --worker=0")


@pytest.fixture
def pod(tmp_path, stubs):
    """A gcloud that has a slice once it was created, and whose worker's home is a folder here."""
    home = tmp_path / "home"
    (home / "compjax").mkdir(parents=True)
    (home / "env/bin").mkdir(parents=True)
    launch.make_stub(
        home / "env/bin", "compjax-train", f'echo "compjax-train $*" >>"{tmp_path}/calls"; sleep 2'
    )
    launch.make_stub(
        tmp_path / "bin",
        "gcloud",
        f"""case "$*" in
        *describe*) cat "{tmp_path}/state" 2>/dev/null; exit 0 ;;
        *create*) echo create >>"{tmp_path}/calls"; echo ACTIVE >"{tmp_path}/state" ;;
        *delete*) echo delete >>"{tmp_path}/calls"; rm -f "{tmp_path}/state" ;;
        *ssh*) cd "{home}" && export HOME="{home}" && exec bash -c "${{@: -1:1}}" ;;
        esac""".replace('"${@: -1:1}"', '"${last#--command=}"').replace(
            'case "$*"', 'last="${@: -1}"; case "$*"'
        ),
    )
    return stubs


def test_creating_twice_creates_once(tmp_path, pod):
    for _ in range(2):
        launch.start("tpu_pod.sh", "create", **pod)
    assert launch.calls(tmp_path) == ["create"]
    (tmp_path / "state").write_text("SUSPENDED\n")  # a spot slice that was taken away
    launch.start("tpu_pod.sh", "create", **pod)
    assert launch.calls(tmp_path) == ["create", "delete", "create"]


def test_running_twice_runs_once_and_stop_ends_it(tmp_path, pod):
    first = launch.start("tpu_pod.sh", "run", "--config.name=a b", **pod)
    again = launch.start("tpu_pod.sh", "run", **pod)
    assert "running" not in first and "running" in again
    deadline = time.monotonic() + 10
    while not (tmp_path / "calls").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    home = tmp_path / "home"
    assert launch.calls(tmp_path) == [
        f"compjax-train --config={launch.CONFIG} --workdir={home}/bucket/runs/compositional --distributed=on "
        f"--config.data.train={home}/bucket/data/train --config.data.dev={home}/bucket/data/dev "
        "--config.name=a b"
    ]
    pid = int((home / "pid").read_text())
    launch.start("tpu_pod.sh", "stop", **pod)
    time.sleep(0.2)
    assert not pathlib.Path(f"/proc/{pid}").exists() or "Z" in pathlib.Path(f"/proc/{pid}/stat").read_text()
