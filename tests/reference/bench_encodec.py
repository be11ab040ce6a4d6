"""Time of EnCodec here beside transformers' in PyTorch, in turns, so that other load meets both alike.

    python tests/reference/bench_encodec.py --seconds 60 --rounds 8
    python tests/reference/bench_encodec.py --torch /path/to/python   # where another environment has PyTorch

Each program runs in a process of its own and has --threads threads. Prints the least and the median time of
encoding and of decoding, the least processor time of each (which other load disturbs less), and the largest
resident size of each process; then the ratios. Without PyTorch only the times here are printed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

SAMPLE_RATE = 24_000
HERE, THEIRS = "compjax", "PyTorch"


def audio_of(seconds: float) -> np.ndarray:
    """Noise `[S]`."""
    samples = round(seconds * SAMPLE_RATE)
    return (0.1 * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)


def prepare_here():
    """Encode and decode of this project, of one clip."""
    import encodec_weights as drawn
    import jax

    from compjax.codec.encodec.encodec import Encodec
    from compjax.port.encodec_table import convert

    codec, params = Encodec(), jax.device_put(convert(drawn.state(), "drawn"))
    return lambda audio: codec.encode_clip(params, audio), lambda latents: codec.decode_clip(params, latents)


def prepare_theirs(threads: int):
    """Encode and decode of transformers, of one clip."""
    import torch
    from transformers import EncodecConfig, EncodecModel

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    model = EncodecModel(EncodecConfig()).eval()
    return (
        lambda audio: model.encoder(torch.from_numpy(audio)[None, None]).numpy(),
        lambda latents: model.decoder(torch.from_numpy(latents)).numpy(),
    )


def serve(name: str, seconds: float, threads: int) -> None:
    """Time one encoding and one decoding for every line that is read."""
    encode, decode = prepare_here() if name == HERE else prepare_theirs(threads)
    audio = audio_of(seconds)
    for _ in sys.stdin:
        clocks = [(time.perf_counter(), time.process_time())]
        latents = encode(audio)
        clocks.append((time.perf_counter(), time.process_time()))
        decode(latents)
        clocks.append((time.perf_counter(), time.process_time()))
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        print(*np.diff(clocks, axis=0).ravel(), largest, flush=True)


def start(name: str, python: str, options: argparse.Namespace) -> subprocess.Popen:
    """The process that times one of the two programs, on the first processors."""
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[: options.threads]))
    command = ["taskset", "-c", cores, python, "-W", "ignore", __file__, "--serve", name]
    command += ["--seconds", str(options.seconds), "--threads", str(options.threads)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(process: subprocess.Popen) -> tuple[float, ...]:
    """One encoding and one decoding: wall and processor seconds of the one, of the other, and MiB."""
    process.stdin.write("\n")
    process.stdin.flush()
    return tuple(map(float, process.stdout.readline().split()))


def main() -> None:
    """Entry of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of audio")
    parser.add_argument("--rounds", type=int, default=8, help="that count")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--torch", default=None, help="Python that has PyTorch and transformers")
    parser.add_argument("--serve", default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.serve, options.seconds, options.threads)
    pythons = {HERE: sys.executable}
    if options.torch or importlib.util.find_spec("torch"):
        pythons[THEIRS] = options.torch or sys.executable
    processes = {name: start(name, python, options) for name, python in pythons.items()}
    rounds = []
    for index in range(options.rounds + 1):
        rounds.append({name: ask(process) for name, process in processes.items()})
        print(f"round {index}: {rounds[-1]}", file=sys.stderr, flush=True)
    for process in processes.values():
        process.stdin.close()
        process.wait()
    report(rounds[1:])  # the first compiles


def report(rounds: list[dict[str, tuple[float, ...]]]) -> None:
    """Print a table of the times."""
    columns = "least\tmedian\tprocessor"
    print(f"program\tencode: {columns}\tdecode: {columns}\tlargest MiB")
    found = {}
    for name in rounds[0]:
        encode, encode_own, decode, decode_own, sizes = zip(*(done[name] for done in rounds), strict=True)
        found[name] = [
            min(encode),
            statistics.median(encode),
            min(encode_own),
            min(decode),
            statistics.median(decode),
            min(decode_own),
            max(sizes),
        ]
        print(name, *(f"{value:.2f}" for value in found[name]), sep="\t")
    if THEIRS in found:
        ratios = np.divide(found[HERE], found[THEIRS])
        print("ratio", *(f"{value:.2f}" for value in ratios), sep="\t")


if __name__ == "__main__":
    main()
