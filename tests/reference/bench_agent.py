"""Time of a training step of the original's agent here beside PyTorch's, in turns, so that load meets both.

    python tests/reference/bench_agent.py --torch /path/to/python   # where another environment has PyTorch
    python tests/reference/bench_agent.py --bfloat16=on             # ours in bfloat16 on any processor

The agent has 14,515,078 parameters; a step is forward, backward and AdamW on 8 clips of 300 frames, with
dropout and batch statistics, on one drawn batch. Each program runs in a process of its own and has --threads
threads. First both must find the golden values (tests/reference/golden.npz) and, without dropout, the same
losses over three steps from the same weights, or nothing is timed. Then come median and least times,
processor time and ratios, and the losses of the timed steps, each program drawing its own dropout.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE, HERE_BF16, THEIRS = "compjax", "compjax bfloat16", "PyTorch"
BATCH, FRAMES, LATENT_SIZE = 8, 300, 128
SETTINGS = {"rate": 1e-4, "decay": 0.01, "regulariser": 0.1}
DROPOUT = 0.1
GOLDEN_TOLERANCE, LOSS_TOLERANCE = 2e-4, 1e-4
BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
FOLDER = pathlib.Path(__file__).parent


def clips() -> dict[str, np.ndarray]:
    """The batch: two clips and what is wanted of them, `[8, 300, 128]` each."""
    rng = np.random.default_rng(0)
    shape = (BATCH, FRAMES, LATENT_SIZE)
    return {name: rng.standard_normal(shape).astype(np.float32) for name in ("input", "target", "wanted")}


def original_weights() -> dict[str, np.ndarray]:
    """The agent's weights by the original's names, drawn from them (tests/reference/README.md)."""
    sys.path.insert(0, str(FOLDER.parent / "helpers"))
    from original_weights import read_keys, rebuild

    shapes = read_keys("compositional")
    ours = {name: shape for name, shape in shapes.items() if name.startswith("creative_agent.")}
    return {name: rebuild(name, shape) for name, shape in ours.items()}


def make_trainer(name: str, file: pathlib.Path, dropout: float, threads: int):
    """The trainer of one of the programs, with the weights in a file."""
    with np.load(file) as stored:
        weights = {key: stored[key] for key in stored}
    if name != THEIRS:
        from our_agent import Trainer

        return Trainer(weights, clips(), dropout, "bfloat16" if name == HERE_BF16 else "float32", SETTINGS)
    import torch_agent

    short = {key.removeprefix("creative_agent."): value for key, value in weights.items()}
    return torch_agent.Trainer(short, clips(), dropout, threads, SETTINGS)


def checked(name: str, file: pathlib.Path, threads: int) -> dict:
    """The largest difference from the golden values, and the losses of three steps without dropout."""
    trainer = make_trainer(name, file, 0.0, threads)
    with np.load(FOLDER / "golden.npz") as golden:
        pair = [golden[key].swapaxes(1, 2) for key in ("input_latents", "target_latents")]
        wanted = golden["agent_output"].swapaxes(1, 2), float(golden["agent_novelty_plus_balance"])
    latents, regulariser = trainer.evaluate(*pair)
    apart = max(float(np.abs(latents - wanted[0]).max()), abs(regulariser - wanted[1]))
    return {"golden": apart, "losses": [trainer.step() for _ in range(3)]}


def serve(name: str, file: pathlib.Path, threads: int) -> None:
    """Say what the checks found; then for every line that is read make a step, and say what it took."""
    print(json.dumps(checked(name, file, threads)), flush=True)
    trainer = make_trainer(name, file, DROPOUT, threads)
    for _ in sys.stdin:
        start = time.perf_counter(), time.process_time()
        loss = trainer.step()
        print(time.perf_counter() - start[0], time.process_time() - start[1], loss, flush=True)


def start(name: str, python: str, file: str, threads: int) -> subprocess.Popen:
    """The process of one of the programs, on the first processors."""
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))
    command = ["taskset", "-c", cores, python, "-W", "ignore", __file__, "--serve", name]
    command += ["--weights", file, "--threads", str(threads)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(process: subprocess.Popen) -> tuple[float, float, float]:
    """One step: wall and processor seconds, and its loss."""
    process.stdin.write("\n")
    process.stdin.flush()
    return tuple(map(float, process.stdout.readline().split()))


def compare(found: dict[str, dict]) -> None:
    """Print what the checks found, and end if it is not the same number."""
    for name, check in found.items():
        losses = ", ".join(f"{loss:.6f}" for loss in check["losses"])
        print(f"{name}: {check['golden']:.1e} from the golden values; losses without dropout {losses}")
    exact = [check for name, check in found.items() if name != HERE_BF16]
    apart = np.ptp([check["losses"] for check in exact], axis=0) / np.abs(exact[0]["losses"])
    if max(check["golden"] for check in exact) > GOLDEN_TOLERANCE or apart.max() > LOSS_TOLERANCE:
        sys.exit("the programs do not compute the same; nothing was timed")
    print(f"largest relative difference of a loss {apart.max():.1e}", flush=True)


def report(rounds: list[dict[str, tuple[float, float, float]]]) -> None:
    """Print times, ratios, and losses step by step."""
    medians, least = {}, {}
    print("program           median s   least s   processor s (median, least)")
    for name in rounds[0]:
        wall, own, _ = zip(*(done[name] for done in rounds), strict=True)
        medians[name], least[name] = statistics.median(wall), min(own)
        row = f"{medians[name]:8.2f}  {min(wall):8.2f}   {statistics.median(own):.2f}, {least[name]:.2f}"
        print(f"{name:18}{row}")
    for name in medians:
        if name != HERE:
            wall, own = medians[name] / medians[HERE], least[name] / least[HERE]
            print(f"{name} / {HERE}: {wall:.2f} by the median time, {own:.2f} by least processor time")
    for name in medians:
        print(f"losses of {name}: " + " ".join(f"{done[name][2]:.4f}" for done in rounds))


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16."""
    try:
        words = set(pathlib.Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    return bool(BF16_FLAGS & words)


def programs_of(options: argparse.Namespace) -> dict[str, str]:
    """The Python that each program of the comparison runs by."""
    pythons = {HERE: sys.executable}
    if options.bfloat16 == "on" or (options.bfloat16 == "auto" and has_bfloat16()):
        pythons[HERE_BF16] = sys.executable
    if options.torch or importlib.util.find_spec("torch"):
        pythons[THEIRS] = options.torch or sys.executable
    return pythons


def main() -> None:
    """Entry of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20, help="steps of each program that count")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--torch", default=None, help="Python that has PyTorch")
    parser.add_argument("--bfloat16", choices=("auto", "on", "off"), default="auto")
    parser.add_argument("--serve", default=None, help=argparse.SUPPRESS)
    parser.add_argument("--weights", default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.serve, pathlib.Path(options.weights), options.threads)
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/weights.npz"
        np.savez(file, **original_weights())
        pythons = programs_of(options)
        processes = {name: start(name, python, file, options.threads) for name, python in pythons.items()}
        compare({name: json.loads(process.stdout.readline()) for name, process in processes.items()})
        rounds = [{name: ask(p) for name, p in processes.items()} for _ in range(options.rounds + 1)]
        for process in processes.values():
            process.stdin.close()
            process.wait()
    report(rounds[1:])  # the first compiles


if __name__ == "__main__":
    main()
