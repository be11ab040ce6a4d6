"""compjax-evaluate --interventions, --variations, --auto, --arrangers: studies; --midi: real music for them.

    compjax-evaluate --pairs=pairs.csv --interventions --output=report
    compjax-evaluate --rendered=16 --variations=4 --output=report
    compjax-evaluate --rendered=16 --midi=FOLDER --auto --output=report
    compjax-evaluate --rendered=64 --arrangers=rules,transformer --output=report

--interventions swaps one factor at a time for another pair's and measures how far each factor moves.
--variations composes every pair several times: do they differ, and do all keep the scores? --auto leaves all
switches to the agent: does it choose the input's rhythm and the target's harmony and timbre? --arrangers
sets the notes of several arrangers beside the truth (evaluation/written/by_arranger.py). With --midi,
rhythms and chords of rendered pairs are those of the folder's MIDI files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from absl import flags

from compjax.errors import UserError

OWN_CHOICE = ", auto"
"""Added to the model's name where it chooses its weights itself."""

NOT_BESIDE = ("switches", "compare_agents")
"""Flags that ask for something else than a study."""

FEWEST = 2
"""Variations that can be compared."""


def define_flags(values: flags.FlagValues) -> None:
    """The studies' own flags."""
    text = "Study: swap one factor at a time for another pair's; only its metric should move."
    flags.DEFINE_bool("interventions", False, text, values)
    text = "Study: compose every pair this often, with the variations of --seed; how alike are they?"
    flags.DEFINE_integer("variations", 0, text, 0, flag_values=values)
    flags.DEFINE_bool("auto", False, "Study: all switches on auto; what does the agent choose?", values)
    text = "Study: the notes of these arrangers beside the truth of rendered pairs of all kinds."
    flags.DEFINE_list("arrangers", [], text, values)
    text = "--rendered: take rhythms and chords from this folder's MIDI files (drums on channel 10)."
    flags.DEFINE_string("midi", None, text, values)


def chosen(values: flags.FlagValues) -> str | None:
    """The study that the flags ask for, None if none.

    Raises:
        UserError: if they ask for several things, or for something that makes no sense.
    """
    found = [name for name in STUDIES if values[name].value]
    besides = [name for name in NOT_BESIDE if values[name].value]
    if values.midi is not None and not values.rendered:
        raise UserError("--midi is for rendered pairs: give --rendered=N with it")
    if values.midi is not None and values.switches:
        raise UserError("--switches are judged on two pitched clips, --midi makes drums and pitched ones")
    if found and len(found + besides) > 1:
        raise UserError(f"--{found[0]} and --{(found + besides)[1]} do not go together; give one of them")
    if 0 < values.variations < FEWEST:
        raise UserError(f"--variations={values.variations}: at least {FEWEST} are needed to be compared")
    if values.arrangers:
        _check_arrangers(values)
    if found and not values.model:
        raise UserError(f"--{found[0]} is a study of the model; leave out --nomodel")
    return found[0] if found else None


def _check_arrangers(values: flags.FlagValues) -> None:
    """UserError unless the flag names arrangers, and there is a truth to set them beside."""
    from compjax.compose.asked.options import ARRANGERS

    unknown = [name for name in values.arrangers if name not in ARRANGERS]
    if unknown:
        raise UserError(f"--arrangers={','.join(unknown)}: give some of {', '.join(ARRANGERS)}")
    if not values.rendered or values.midi is not None:
        raise UserError("--arrangers needs a truth: give --rendered=N with it, and no --midi")


def study(values: flags.FlagValues, pairs: list, load: Callable[..., Any]) -> tuple[dict, list[str]]:
    """Run the study that the flags ask for, and give results for JSON and their tables.

    Args:
        pairs: recordings, or what `rendered` returns.
        load: (checkpoint, codec, codec_weights) to a session.
    """
    run = STUDIES[chosen(values)]
    return run(values, pairs, load(values.checkpoint, values.codec, values.codec_weights))


def rendered(values: flags.FlagValues) -> list:
    """Rendered pairs of drums and pitched clips, which hold chords but for --auto and --midi: any kind."""
    from compjax.data.drawing import swaps
    from compjax.data.drawing.midi_pairs import MidiPairs
    from compjax.evaluation import testsets
    from compjax.evaluation.written import by_arranger

    if values.arrangers:
        return by_arranger.drawn_pairs(values.rendered, values.seed, values.split)
    music = swaps if values.midi is None else MidiPairs(values.midi)
    is_any = values.midi is not None or values.auto or values.parts == ["any"]
    parts = () if is_any else known_parts(values.parts)
    return testsets.rendered_pairs(music, values.rendered, values.seed, values.split, parts=parts)


def known_parts(names: list[str]) -> tuple[str, ...]:
    """The value of --parts; UserError if there is no such part."""
    from compjax.data.drawing.parts import PARTS

    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        raise UserError(f"--parts={','.join(names)}: give some of {', '.join(PARTS)}, or any")
    return tuple(names)


def interventions(values: flags.FlagValues, pairs: list, session: Any) -> tuple[dict, list[str]]:
    """The model's matrix and, of rendered pairs, the truth's, without pairs in which no chords are heard."""
    from absl import logging

    from compjax.evaluation import benchmark
    from compjax.evaluation import interventions as study

    usable, chords, left_out = [], {}, []
    for pair in pairs:
        heard = compose_told(session, pair.given, pair, values.seed, dict(pair.style)).chords
        if heard.spans:
            usable.append(pair)
            chords[id(pair)] = heard
        else:
            left_out.append(pair.name)
            logging.warning("%s: left out, as no chords are heard in its target", pair.name)
    systems = {benchmark.OURS: composing_of_three(session, chords, values.seed)}
    if values.rendered:
        systems[benchmark.CEILING] = true_piece
    made = {name: study.summarise(study.run(usable, compose, name)) for name, compose in systems.items()}
    return {"systems": {}, "interventions": made, "left_out": left_out}, study.tables(made)


def compose_told(session: Any, given, target, seed: int, style: dict, chords: Any = None) -> Any:
    """A composition of input `given` `[S]` and a pair's target, told which clip each factor is from."""
    from compjax.constants import SAMPLE_RATE
    from compjax.music.factors import Switches

    return session.compose(
        given,
        target.target,
        sample_rate=SAMPLE_RATE,
        **dataclasses.asdict(Switches()),
        chords=chords,
        seed=seed,
        style=style or None,
        align=target.aligned is not None,
    )


def composing_of_three(session: Any, chords: dict[int, Any], seed: int) -> Callable[..., Any]:
    """The session as what interventions compose with: the harmony's source is heard apart from the timbre's.

    Every piece is given the chords that its harmony's pair is composed on (`chords`, by the pair's id), also
    where harmony and timbre are of one pair, so that all are made the same way.
    """
    from compjax.evaluation.benchmark import Output

    def compose(sources) -> Output:
        style, heard = dict(sources.style), chords[id(sources.harmony)]
        made = compose_told(session, sources.rhythm.given, sources.timbre, seed, style, heard)
        return Output(made.audio, made.notes)

    return compose


def true_piece(sources) -> Any:
    """The rendered truth of three sources: what the swaps do to the metrics at best."""
    from compjax.data.drawing import swaps
    from compjax.evaluation.benchmark import Output
    from compjax.music.style import Style

    rhythm, harmony, timbre = (pair.drawn for pair in (sources.rhythm, sources.harmony, sources.timbre))
    target = dataclasses.replace(timbre.target, harmony=harmony.target.harmony)
    recombined = dataclasses.replace(rhythm, target=target)
    return Output(swaps.arrangement(recombined, (0, 1, 1), Style(**sources.style)).audio)


def variations(values: flags.FlagValues, pairs: list, session: Any) -> tuple[dict, list[str]]:
    """How alike the variations are, and their scores."""
    from compjax.evaluation import variations as study

    if not session.writes_notes:
        raise UserError("this agent writes no notes, and variations are compared by their notes")
    results = study.summarise(study.run(pairs, varying(session, values.seed), values.variations))
    return results, study.tables(results)


def varying(session: Any, seed: int) -> Callable[..., list]:
    """The session as what makes variations: all of one seed, their styles drawn and not the truth's."""
    from compjax.constants import SAMPLE_RATE
    from compjax.evaluation.benchmark import Output
    from compjax.music.factors import Switches

    def vary(pair, count: int) -> list:
        made = session.compose_many(
            pair.given,
            pair.target,
            count,
            sample_rate=SAMPLE_RATE,
            **dataclasses.asdict(Switches()),
            seed=seed,
            align=pair.aligned is not None,
        )
        return [Output(one.audio, one.notes) for one in made]

    return vary


def auto(values: flags.FlagValues, pairs: list, session: Any) -> tuple[dict, list[str]]:
    """What the model chooses, and its scores with and without being told."""
    from compjax.evaluation import benchmark, own_choice, report
    from compjax.evaluation.systems import composing

    weights: list = []
    own = benchmark.OURS + OWN_CHOICE
    systems = {
        benchmark.OURS: composing(session, values.seed),
        own: composing(session, values.seed, told=False, weights=weights),
    }
    results = own_choice.add_weights(report.as_dict(benchmark.run(pairs, systems)), {own: weights})
    results["own_choice"] = own_choice.summarise(results["pairs"], weights)
    return results, [own_choice.table(results["own_choice"]), report.table(results)]


def arrangers(values: flags.FlagValues, pairs: list, session: Any) -> tuple[dict, list[str]]:
    """The notes of the arrangers that are named beside the truth's; `pairs` are as they were drawn."""
    from compjax.evaluation.written import by_arranger

    rows = by_arranger.measure(pairs, lambda pair: by_arranger.written(session, pair, values.arrangers))
    summary = by_arranger.summarise(rows)
    for row in rows:
        row["agreement"] = {name: dataclasses.asdict(one) for name, one in row["agreement"].items()}
    return {"systems": {}, "arrangers": summary, "pairs": rows}, [by_arranger.table(summary)]


STUDIES = {"interventions": interventions, "variations": variations, "auto": auto, "arrangers": arrangers}
"""The studies by the names of their flags."""
