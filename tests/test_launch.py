"""The launch scripts: what they would run, in which order, and that a second start resumes the same work.

There is no cloud and no cluster here: commands of theirs are printed (dry runs), or answered by stubs that
write down what they were asked, and remote commands run in a folder that stands for the worker's home.
"""

import importlib.util
import os
import pathlib
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[1]
SCRIPTS = sorted(path for path in (ROOT / "launch").glob("*.sh") if path.name != "common.sh")
COMMANDS = ("compjax-render", "compjax-train", "compjax-evaluate", "compjax-compose", "tensorboard")
CONFIG = "experiments/compositional.py"
TIMEOUT = 550  # seconds


def run_script(script, *args, **settings):
    """The finished process of a launch script."""
    command = ["bash", str(ROOT / "launch" / script), *args]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "JAX_"))}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean | settings,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with what it has started
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def start(script, *args, **settings):
    """Output lines of a launch script; a failure raises."""
    done = run_script(script, *args, **settings)
    done.check_returncode()
    return done.stdout.splitlines()


def commands(lines):
    """The commands that were run or would be."""
    return [line.removeprefix("+ ") for line in lines if line.startswith("+ ")]


def programs(lines):
    """First words of the compjax commands among them."""
    words = [command.split()[0] for command in commands(lines)]
    return [word for word in words if word in COMMANDS]


def make_stub(folder, name, script):
    path = folder / name
    path.write_text(f"#!/usr/bin/env bash\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def stubs(tmp_path):
    """A PATH on which our commands only write down that they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in COMMANDS:
        make_stub(folder, name, f'echo "{name} $*" >>"{tmp_path}/calls"')
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def calls(tmp_path):
    return (tmp_path / "calls").read_text().splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_syntax_and_mode(script):
    subprocess.run(["bash", "-n", script], check=True)
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_shellcheck(script):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", "-x", script], capture_output=True, text=True, cwd=ROOT)
    assert not done.stdout


def test_training_does_what_the_original_script_did(tmp_path):
    lines = start(
        "run_train_compositional.sh", "--config.seed=1", DRY_RUN="1", WORKERS="2", DATA=str(tmp_path)
    )
    render = f"compjax-render --output={tmp_path}"
    assert commands(lines) == [
        f"{render}/train --num_examples=16384 --split=train --workers=2",
        f"{render}/dev --num_examples=256 --split=dev --workers=2",
        f"compjax-train --config={CONFIG} --workdir=checkpoints_compositional --loss_weight_spectral=0.01 "
        "--mask_reg_weight=0.1 --gan_weight=0.01 --num_transformer_layers=2 "
        f"--config.data.train={tmp_path}/train --config.data.dev={tmp_path}/dev --config.seed=1",
    ]


def test_another_experiment_has_its_own_folder_and_no_such_flags():
    lines = start("run_train_compositional.sh", "--dry_run", CONFIG="experiments/arranging.py")
    train = commands(lines)[-1]
    assert train.startswith(
        "compjax-train --config=experiments/arranging.py --workdir=runs/arranging --config.data"
    )


def test_speedrun_order(tmp_path):
    lines = start("speedrun.sh", "--dry_run", "--workdir", str(tmp_path / "run"))
    ours = ["compjax-render", "compjax-render", "compjax-train", "compjax-evaluate", "compjax-compose"]
    assert programs(lines) == ours
    assert not (tmp_path / "run").exists()  # a dry run makes nothing


def test_smoke_is_the_same_way_but_smaller(tmp_path):
    lines = start("speedrun.sh", "--smoke", "--workdir", str(tmp_path / "run"), DRY_RUN="1")
    render, dev, train, evaluate, compose = [line for line in commands(lines) if line.startswith("compjax-")]
    assert "--num_examples=64" in render and "--num_examples=8" in dev
    assert "--config=experiments/smoke.py" in train and "--config.num_steps=60" in train
    assert f"--workdir={tmp_path}/run/train" in train and "--rendered=2" in evaluate
    assert f"--checkpoint={tmp_path}/run/train/agent.npz" in compose


def test_dry_run_shows_the_flags(tmp_path):
    lines = start("tensorboard.sh", f"--workdir={tmp_path}", "--port=6007", "--dry_run")
    assert lines[-1] == f"+ tensorboard --logdir={tmp_path} --port=6007"


def test_second_start_resumes_the_same_work(tmp_path, stubs):
    settings = stubs | {"DATA": str(tmp_path / "data"), "NUM_EXAMPLES": "3"}
    for _ in range(2):
        start("run_train_compositional.sh", "--workdir", str(tmp_path / "a b"), **settings)
    called = calls(tmp_path)
    assert [call.split()[0] for call in called[:3]] == ["compjax-render", "compjax-render", "compjax-train"]
    assert called[3:] == called[:3]  # the commands themselves pass over what is done
    assert "--num_examples=3 --split=train" in called[0]
    assert f"--workdir={tmp_path}/a b" in called[2]


def test_failed_step_stops_and_is_not_marked(tmp_path, stubs):
    make_stub(tmp_path / "bin", "compjax-render", "exit 65")
    done = run_script("run_train_compositional.sh", **stubs, DATA=str(tmp_path / "data"))
    assert done.returncode == 65
    assert not (tmp_path / "data").exists() and not (tmp_path / "calls").exists()


@pytest.mark.parametrize(
    ("script", "args", "said"),
    [
        ("tensorboard.sh", ["--workdir"], "--workdir needs a folder"),
        ("train_local.sh", ["--device=tpu"], "--device is 'tpu'; it must be gpu or cpu"),
        ("train_local.sh", ["--processes=0"], "--processes is '0'"),
        ("slurm.sh", [], "say render or train first"),
        ("tpu_pod.sh", ["fly"], "say create, setup, run, log, stop, delete or up first"),
    ],
)
def test_wrong_flags_are_one_line(script, args, said):
    done = run_script(script, *args)
    assert done.returncode and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", [path.name for path in SCRIPTS if path.name != "fetch_music.sh"])
def test_help_is_the_head_of_the_script(script):
    text = "\n".join(start(script, "--help"))
    assert f"launch/{script} " in text and "--dry_run" in text and "Needs: " in text
    assert "set -e" not in text


# This machine ----------------------------------------------------------------------------------------------


def test_local_dry_runs():
    assert commands(start("train_local.sh", "--device", "gpu", "--dry_run", "--config.seed=2")) == [
        "export JAX_PLATFORMS=cuda",
        f"compjax-train --config={CONFIG} --workdir=runs/compositional --config.seed=2",
    ]
    both = commands(
        start("train_local.sh", "--device=cpu", "--processes=2", "--dry_run", COORDINATOR_PORT="1234")
    )
    assert both == ["export JAX_PLATFORMS=cpu"] + [
        f"env JAX_COORDINATOR_ADDRESS=localhost:1234 JAX_NUM_PROCESSES=2 JAX_PROCESS_ID={index} "
        f"compjax-train --config={CONFIG} --workdir=runs/compositional"
        for index in range(2)
    ]


@pytest.mark.parametrize(("gpu", "platform"), [("exit 0", "cuda"), ("exit 9", "cpu")])
def test_the_gpu_is_taken_where_there_is_one(tmp_path, stubs, gpu, platform):
    make_stub(tmp_path / "bin", "nvidia-smi", gpu)
    assert f"+ export JAX_PLATFORMS={platform}" in start("train_local.sh", "--dry_run", **stubs)


def test_a_hung_run_is_started_again_and_others_are_not(tmp_path, stubs):
    script = f'echo x >>"{tmp_path}/calls"; [ "$(wc -l <"{tmp_path}/calls")" -lt 3 ] && exit 75; exit 42'
    make_stub(tmp_path / "bin", "compjax-train", script)
    assert run_script("train_local.sh", "--device=cpu", **stubs).returncode == 42
    assert len(calls(tmp_path)) == 3
    make_stub(tmp_path / "bin", "compjax-train", f'echo x >>"{tmp_path}/calls"; exit 75')
    assert run_script("train_local.sh", "--device=cpu", **stubs, MAX_RESTARTS="1").returncode == 75
    assert len(calls(tmp_path)) == 5


def test_processes_fail_together(tmp_path, stubs):
    """The first failure is the run's status, and the others are told to end."""
    script = f"""trap 'echo told >>"{tmp_path}/calls"; exit 42' TERM
    if [ "$JAX_PROCESS_ID" = 1 ]; then until [ -e "{tmp_path}/ready" ]; do sleep 0.1; done; exit 65; fi
    touch "{tmp_path}/ready"; for i in $(seq 300); do sleep 0.1; done"""
    make_stub(tmp_path / "bin", "compjax-train", script)
    begun = time.monotonic()
    done = run_script("train_local.sh", "--device=cpu", "--processes=2", **stubs)
    assert done.returncode == 65 and time.monotonic() - begun < 20
    assert calls(tmp_path) == ["told"]


def test_a_signal_reaches_all_processes(tmp_path, stubs):
    script = f"""trap 'echo told >>"{tmp_path}/calls"; exit 42' TERM
    touch "{tmp_path}/ready$JAX_PROCESS_ID"; for i in $(seq 100); do sleep 0.1; done"""
    make_stub(tmp_path / "bin", "compjax-train", script)
    command = ["bash", str(ROOT / "launch/train_local.sh"), "--device=cpu", "--processes=2"]
    with subprocess.Popen(command, env=os.environ | stubs, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 20
        while len(list(tmp_path.glob("ready*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 42
    assert calls(tmp_path) == ["told", "told"]


@pytest.mark.slow
def test_two_real_processes_train_together(tmp_path):
    """The script starts two trainers; they take part in one run, and one of them writes."""
    spec = importlib.util.spec_from_file_location("fakes", ROOT / "tests/training/conftest.py")
    fakes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fakes)
    for split in ("train", "dev"):
        (tmp_path / split).mkdir()
        np.savez(tmp_path / split / "shard_00000.npz", **fakes.fake_examples(8))
    done = run_script(
        "train_local.sh",
        "--device=cpu",
        "--processes=2",
        f"--workdir={tmp_path}/run",
        f"--config.data.train={tmp_path}/train",
        f"--config.data.dev={tmp_path}/dev",
        "--config.num_steps=3",
        "--config.log_every=1",
        "--config.validate_every=3",
        "--config.losses.spectral=0",
        "--config.losses.adversarial=0",
        "--config.agent.settings.stages=0",
        "--config.loop.probe_every=0",
        "--config.auditions.clips=0",
        CONFIG="experiments/smoke.py",
        MAX_RESTARTS="0",
        XLA_FLAGS="--xla_force_host_platform_device_count=2",
        PYTHONPATH=str(ROOT),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "train 3/3" in done.stderr
    assert done.stderr.count("train 3/3") == 1  # one of them reports
    assert (tmp_path / "run" / "agent.npz").exists()
    assert len(list((tmp_path / "run").glob("events*"))) == 1
