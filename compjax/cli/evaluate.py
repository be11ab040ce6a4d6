"""compjax-evaluate: how well a model composes, beside systems that need no training.

    compjax-evaluate --pairs recordings --output report --page
    compjax-evaluate --rendered 64 --output report --compare before/scores.json
    compjax-evaluate --rendered 64 --output report --compare before.npz --others "masking agent=masking.npz"
    compjax-evaluate --rendered 16 --switches --output report
    compjax-evaluate --rendered 32 --compare_agents --output report

--pairs takes a folder with NAME_input.wav and NAME_target.wav, or a CSV file of lines input,target.
--rendered draws pairs of drums and held chords (or other --parts), whose truth is known; with --switches, of
two pitched clips, in all eight settings. They are held out, for figures that are reported; --split=dev draws
those to choose by, on the instruments that training hears. --judge has MuseCPEval judge too
(compjax/evaluation/outside_judge.py). --compare says what changed since other weights, judged on the same
pairs now, or since an earlier run. --compare_agents trains the original's agents and ours alike first (see
compjax/evaluation/agents.py). The folder gets scores.json and table.md, and with --page index.html, with
every pair's sounds and spectrograms beside it in audio/ and spectrograms/.
"""

from __future__ import annotations

import contextlib
import functools
import sys

from absl import flags

from compjax import command
from compjax.evaluation import agents, studies, systems
from compjax.files import make_folder


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("output", None, "Folder for scores.json and table.md.", values, required=True)
    flags.DEFINE_string("pairs", None, "Recordings: a folder of pairs or a CSV file of input,target.", values)
    flags.DEFINE_integer("rendered", 0, "Rendered held-out pairs instead: how many.", 0, flag_values=values)
    text = "Rendered pairs to report (test: instruments unheard in training), or to choose and tune by (dev)."
    flags.DEFINE_enum("split", "test", ["test", "dev"], text, values)
    text = "What targets of rendered pairs play: held,strummed,arpeggiated,moving and so on, or any."
    flags.DEFINE_list("parts", ["held"], text, values)
    text = (
        "MuseCPEval's program, which then judges all outputs too (see compjax/evaluation/outside_judge.py)."
    )
    flags.DEFINE_string("judge", None, text, values)
    flags.DEFINE_integer("seed", 0, "Other pairs are rendered, other music composed.", 0, flag_values=values)
    flags.DEFINE_bool("switches", False, "Table of the eight switch settings instead of the systems.", values)
    flags.DEFINE_bool("align", True, "Move the target's beats onto the input's (recordings only).", values)
    flags.DEFINE_bool("baselines", True, "Judge the systems that need no training too.", values)
    flags.DEFINE_bool("coded", False, "Judge baselines and ceiling through the codec as well.", values)
    flags.DEFINE_bool("model", True, "Judge the model; without, the other systems only.", values)
    text = "Weights (.npz) to be judged beside the model's, or an earlier scores.json: what changed since?"
    flags.DEFINE_string("compare", None, text, values)
    text = "Further weights to be judged: NAME=FILE,... with the names that their rows get."
    flags.DEFINE_list("others", [], text, values)
    flags.DEFINE_bool("page", False, "Write index.html too: players, spectrograms, scores by pair.", values)
    flags.DEFINE_string(
        "checkpoint",
        None,
        "Weights of the agent, or the folder it was trained in; else the bundled ones.",
        values,
    )
    text = "Codec, the one on whose latents the agent was trained."
    flags.DEFINE_enum("codec", "vocos", ["vocos", "encodec"], text, values)
    text = "The codec's weights, as compjax-port writes them; the bundled ones if not given."
    flags.DEFINE_string("codec_weights", None, text, values)
    agents.define_flags(values)
    studies.define_flags(values)
    return values


def run(argv: list[str] | None = None, load=None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status.

    `load` (checkpoint, codec, codec_weights) gives the sessions that compose; `compjax.load` if None.
    """
    parse = command.strict_parser(define_flags, _check_together)
    act = functools.partial(evaluate, load=load)
    return command.run("compjax-evaluate", __doc__, define_flags, parse, act, argv)


def _check_together(values: flags.FlagValues) -> None:
    """Flags that need or exclude each other; flags.Error says which."""
    if (values.pairs is None) == (values.rendered == 0):
        raise flags.Error("give either --pairs or --rendered")
    weights = systems.compares_weights(values)
    if values.switches and (values.page or (values.compare and not weights)):
        raise flags.Error("--switches goes with neither --page nor an earlier scores.json")
    if values.judge is not None and (values.switches or values.compare_agents or studies.chosen(values)):
        raise flags.Error("--judge goes with none of --switches, --compare_agents and the studies")
    if weights and (values.compare_agents or not values.model):
        raise flags.Error("--compare with weights sets them beside the model, which is not judged here")
    if studies.chosen(values) and (values.page or values.compare or values.others):
        raise flags.Error("a study of one model goes with none of --page, --compare and --others")


def evaluate(values: flags.FlagValues, load=None) -> None:
    """Judge what the flags ask for, write the results and print the table.

    Raises:
        UserError: if a flag's value or a file will not do.
    """
    import compjax
    from compjax.evaluation import report

    command.log_progress()
    compared = values.compare and not systems.compares_weights(values)
    earlier = report.read_results(values.compare) if compared else None
    models = systems.models(values)
    pairs = pairs_to_judge(values)
    folder = make_folder(values.output)
    with page_of(values, pairs) as page, outside_judge(values, pairs) as outside:
        results, tables = judge(values, pairs, models, load or compjax.load, page, outside)
        tables.insert(0, purpose(values))
        trained = agents.trained(values) if values.compare_agents else {}
        results |= {"asked": asked(values), "models": systems.checksums(models | trained)}
        tables += changed(results, earlier)
        written = list(report.write(folder, results, tables))
        if page is not None:
            written.append(page.finish(results))
    print("\n".join(tables) + f"\nWrote {', '.join(map(str, written))}", flush=True)


def judge(
    values: flags.FlagValues, pairs: list, models: dict, load, page=None, outside=None
) -> tuple[dict, list[str]]:
    """Results for JSON and their tables, of everything that the flags want judged."""
    from compjax.evaluation import benchmark, report

    if studies.chosen(values):
        return studies.study(values, pairs, load)
    keep = kept_by(page, outside)
    judged = systems.composing_systems(values, models, load)
    if values.switches:
        return report.of_switches(benchmark.run_switches(pairs, judged))
    judged |= systems.untrained_systems(values)
    if values.compare_agents:
        return agents.compare(values, pairs, judged, load, keep)
    results, tables = report.of_systems(benchmark.run(pairs, judged, keep=keep))
    if outside is not None:
        results["outside"] = outside.finish()
        tables.append(outside_table(results["outside"]))
    return results, tables


def kept_by(*collectors):
    """What hands every output to all collectors that are there; None where none is."""
    present = [one for one in collectors if one is not None]

    def keep(system: str, place: int, output) -> None:
        for one in present:
            one.keep(system, place, output)

    return keep if present else None


def outside_judge(values: flags.FlagValues, pairs: list):
    """MuseCPEval as a context that collects what it is to judge; of None without --judge."""
    if values.judge is None:
        return contextlib.nullcontext()
    from compjax.evaluation.outside_judge import OutsideJudge

    return OutsideJudge(values.judge, pairs)


def outside_table(figures: dict) -> str:
    """MuseCPEval's figures as a table."""
    from compjax.evaluation import outside_judge

    return outside_judge.table(figures)


def purpose(values: flags.FlagValues) -> str:
    """What was judged and what for, as one line above the tables."""
    if values.pairs is not None:
        return f"Recordings of {values.pairs}.\n"
    pairs = f"{values.rendered} rendered pairs, split {values.split}, seed {values.seed}"
    if values.split == "dev":
        return f"{pairs}: to choose and tune by, not to be reported.\n"
    return f"{pairs}: to be reported, never to be chosen or tuned by.\n"


def asked(values: flags.FlagValues) -> dict:
    """The flags that decide on what was judged, for the results."""
    return {
        name: values[name].value
        for name in ("pairs", "rendered", "split", "parts", "midi", "seed", "align", "codec")
    }


def changed(results: dict, earlier: dict | None) -> list[str]:
    """The table of what changed, as a list of one or none; the results get it too."""
    from compjax.evaluation import benchmark, comparison

    if earlier is not None:
        changes = comparison.between_runs(earlier, results)
    elif systems.BEFORE in results["systems"]:
        changes = comparison.between_systems(results, systems.BEFORE, benchmark.OURS)
    else:
        return []
    results["comparison"] = comparison.as_dicts(changes)
    return [comparison.table(changes, len(results["pairs"]))]


def page_of(values: flags.FlagValues, pairs: list):
    """The page as a context that its sounds are written in; of None without --page."""
    if not values.page:
        return contextlib.nullcontext()
    from compjax.evaluation.page import EvaluationPage

    return EvaluationPage(values.output, pairs)


def pairs_to_judge(values: flags.FlagValues) -> list:
    """The pairs to judge on: recordings, the target aligned as composing aligns it, or rendered ones."""
    from compjax.evaluation import benchmark, testsets

    if values.pairs is not None:
        return testsets.real_pairs(values.pairs, aligner=aligned_target if values.align else None)
    if values.switches:
        from compjax.data.drawing import swaps

        settings = benchmark.SETTINGS
        return testsets.rendered_pairs(
            swaps, values.rendered, values.seed, values.split, "pitched, pitched", (), settings
        )
    return studies.rendered(values)


def aligned_target(given, target):
    """The target's sound as it is read along the input, `[S]`."""
    from compjax.audio.time_map import sound_along
    from compjax.compose.clips import align

    return sound_along(target, align.find_alignment(given, target).map, given.size)


if __name__ == "__main__":
    sys.exit(run())
