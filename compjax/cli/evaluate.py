"""compjax-evaluate: how well a model composes, beside systems that need no training.

    compjax-evaluate --pairs recordings --output report
    compjax-evaluate --rendered 64 --output report --compare before/scores.json
    compjax-evaluate --rendered 16 --switches --output report
    compjax-evaluate --rendered 32 --compare_agents --output report

--pairs takes a folder with NAME_input.wav and NAME_target.wav, or a CSV file of lines input,target.
--rendered draws held-out pairs of drums and held chords, whose truth is known; with --switches, of two
pitched clips, in all eight settings. --compare_agents trains the original's agents and ours alike first (see
compjax/cli/compare_agents.py). The folder gets scores.json and table.md.
"""

from __future__ import annotations

import sys

from absl import flags

from compjax.audio.errors import EXIT_CODE, UserError
from compjax.cli import compare_agents

EXIT_USAGE = 1
"""Exit status after flags that cannot be parsed."""

EXIT_INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("output", None, "Folder for scores.json and table.md.", values, required=True)
    flags.DEFINE_string("pairs", None, "Recordings: a folder of pairs or a CSV file of input,target.", values)
    flags.DEFINE_integer("rendered", 0, "Rendered held-out pairs instead: how many.", 0, flag_values=values)
    flags.DEFINE_integer("seed", 0, "Other pairs are rendered, other music composed.", 0, flag_values=values)
    flags.DEFINE_bool("switches", False, "Table of the eight switch settings instead of the systems.", values)
    flags.DEFINE_bool("align", True, "Move the target's beats onto the input's (recordings only).", values)
    flags.DEFINE_bool("baselines", True, "Judge the systems that need no training too.", values)
    flags.DEFINE_bool("coded", False, "Judge baselines and ceiling through the codec as well.", values)
    flags.DEFINE_bool("model", True, "Judge the model; without, the other systems only.", values)
    flags.DEFINE_string("compare", None, "An earlier scores.json to set beside this one.", values)
    flags.DEFINE_string("checkpoint", None, "Weights of the agent; the bundled ones if not given.", values)
    text = "Codec, the one on whose latents the agent was trained."
    flags.DEFINE_enum("codec", "vocos", ["vocos", "encodec"], text, values)
    text = "The codec's weights, as compjax-port writes them; the bundled ones if not given."
    flags.DEFINE_string("codec_weights", None, text, values)
    compare_agents.define_flags(values)
    flags.DEFINE_bool("help", False, "Show this help.", values, short_name="h", allow_hide_cpp=True)
    return values


def run(argv: list[str] | None = None, load=None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status.

    `load` (checkpoint, codec, codec_weights) gives the session that composes; `compjax.load` if None.
    """
    values = define_flags()
    argv = sys.argv if argv is None else argv
    if {"--help", "-help", "-h", "--helpfull"} & set(argv[1:]):
        print(f"{__doc__}\n{values.get_help()}")
        return 0
    try:
        surplus = values(argv)[1:]
        if surplus:
            raise flags.Error(f"arguments that belong to no flag: {' '.join(surplus)}")
        if (values.pairs is None) == (values.rendered == 0):
            raise flags.Error("give either --pairs or --rendered")
    except flags.Error as error:
        return _fail(f"{error} (--help lists the flags)", EXIT_USAGE)
    try:
        evaluate(values, load)
    except UserError as error:
        return _fail(error, EXIT_CODE)
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_INTERRUPTED)
    return 0


def evaluate(values: flags.FlagValues, load=None) -> None:
    """Judge what the flags ask for, write the results and print the table.

    Raises:
        UserError: if a flag's value or a file will not do.
    """
    from absl import logging

    from compjax.evaluation import benchmark, report

    logging.set_verbosity(logging.INFO)
    before = report.read_results(values.compare) if values.compare else None
    pairs = pairs_to_judge(values)
    compares = values.compare_agents
    systems = {benchmark.OURS: composing_system(values, load)} if values.model and not compares else {}
    if compares:
        import compjax

        others = benchmark.baseline_systems() if values.baselines else {}
        results, tables = compare_agents.compare(values, pairs, others, load or compjax.load)
    elif values.switches:
        results, tables = report.of_switches(benchmark.run_switches(pairs, systems))
    else:
        others = benchmark.baseline_systems() if values.baselines else {}
        recoded = others if values.coded else {}
        if values.rendered and values.coded:
            recoded = {benchmark.CEILING: benchmark.ceiling_system, **recoded}
        systems |= others | (coded(values, recoded) if recoded else {})
        results, tables = report.of_systems(benchmark.run(pairs, systems))
    if before is not None:
        tables.append(report.comparison(before, results))
    written = report.write(values.output, results, tables)
    print("\n".join(tables) + f"\nWrote {', '.join(map(str, written))}", flush=True)


def pairs_to_judge(values: flags.FlagValues) -> list:
    """The pairs to judge on: recordings, the target aligned as composing aligns it, or rendered ones."""
    from compjax.evaluation import benchmark, testsets

    if values.pairs is not None:
        return testsets.real_pairs(values.pairs, aligner=aligned_target if values.align else None)
    from compjax.data import swaps

    if values.switches:
        settings = benchmark.SETTINGS
        return testsets.rendered_pairs(
            swaps, values.rendered, values.seed, kind="pitched, pitched", parts=(), settings=settings
        )
    return testsets.rendered_pairs(swaps, values.rendered, values.seed)


def aligned_target(given, target):
    """The target's sound as it is read along the input, `[S]`."""
    from compjax.inference import align

    return align.apply_audio(target, align.find_alignment(given, target).map, given.size)


def composing_system(values: flags.FlagValues, load=None):
    """The model as a system that `compjax.evaluation.benchmark` can judge."""
    import compjax
    from compjax.audio.constants import SAMPLE_RATE
    from compjax.evaluation.benchmark import Output

    session = (load or compjax.load)(values.checkpoint, values.codec, values.codec_weights)

    def system(pair, switches) -> Output:
        made = session.compose(
            pair.given,
            pair.target,
            sample_rate=SAMPLE_RATE,
            rhythm=switches.rhythm,
            harmony=switches.harmony,
            timbre=switches.timbre,
            seed=values.seed,
            style=dict(pair.style) or None,
            align=pair.aligned is not None,
        )
        return Output(made.audio, made.notes)

    return system


def coded(values: flags.FlagValues, systems: dict) -> dict:
    """The systems with their outputs through the codec, as the model's are: it alone looks a little new."""
    import jax
    import numpy as np

    import compjax.codec
    from compjax.audio.loudness import normalize_rms
    from compjax.evaluation.benchmark import Output

    codec, params = compjax.codec.load(values.codec, values.codec_weights)
    code = jax.jit(lambda params, audio: codec.decode(params, codec.encode(params, audio)))

    def through_codec(system):
        def recoded(pair, switches) -> Output:
            made = system(pair, switches)
            audio = np.asarray(code(params, normalize_rms(made.audio)[None]))[0, : made.audio.size]
            return Output(audio, made.notes)

        return recoded

    return {f"{name}, coded": through_codec(system) for name, system in systems.items()}


def _fail(message, status: int) -> int:
    print(f"compjax-evaluate: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(run())
