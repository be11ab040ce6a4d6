"""What a run shows of itself: TensorBoard, the log, and a line on the terminal.

A resumed run hides the steps of the interrupted one that it repeats. Only the first process of several
writes; the others have a monitor that is not active.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from absl import logging

from compjax.music.factors import FACTORS, GATE_NAMES, PLACES, SOURCES
from compjax.training.monitoring import announce, layout, throughput
from compjax.training.monitoring.pictures import drawn
from compjax.training.monitoring.status_line import ProgressLine, RemainingTime, duration
from compjax.training.monitoring.symptoms import Symptoms
from compjax.training.monitoring.tensorboard import EventFile
from compjax.training.task import Cost, Validation

NOVELTY = "novelty_"
GRADIENT = "gradient/"
AT_ONCE = (NOVELTY, GRADIENT)
"""Scalars that are written for every batch that has them, by how their names begin."""

SUMMARY = ("loss/total", "novelty_score")
"""Scalars that the progress line shows."""

COUNTED = ("finite", "bad_steps")
"""Scalars of a step that the rates count."""

METRICS = ("dev/loss/total", "train/novelty_score")
"""Scalars beside the settings in TensorBoard's table of runs."""

OF_TRAINING = ("learning_rate",)
"""What comes with the rates and is none."""


def flattened(config: Mapping, prefix: str = "") -> dict[str, bool | str | float]:
    """A nested configuration as `a.b` -> number, word or truth value; lists become words."""
    flat: dict[str, bool | str | float] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{prefix}{key}.")
        elif value is not None:
            flat[f"{prefix}{key}"] = value if isinstance(value, bool | int | float | str) else str(value)
    return flat


def weight_table(gates: Sequence[float]) -> str:
    """The six component weights as the original printed them, one line for each clip."""
    rows = np.asarray(gates, np.float64).reshape(len(SOURCES), len(FACTORS))
    cells = [
        "  ".join(f"{factor}_weight: {value:.3f}" for factor, value in zip(FACTORS, row, strict=True))
        for row in rows
    ]
    return "\n".join(f"  {clip:6}  {words}" for clip, words in zip(SOURCES, cells, strict=True))


class Monitor:
    """Receives what a run finds out, and shows it. Values are host numbers.

    `step` is called once for every step, in order; `rates` is empty but at each `log_every`-th step, when it
    holds `learning_rate`, `step_seconds`, `clips_per_second`, `audio_seconds_per_second`, `data_wait` and
    `goodput` (shares of the time), `bad_steps` and `spikes` (counts). Events are named `nan`, `spike`,
    `skipped`, `restored`, `checkpoint`, `interrupted`.
    """

    def __init__(
        self, workdir: str, start_step: int, config: Mapping, active: bool = True, stream=None
    ) -> None:
        """A monitor of a run that continues after `start_step`; one that is not `active` does nothing.

        Args:
            workdir: folder for TensorBoard's files.
            start_step: steps done before.
            config: the experiment, nested; shown as hyperparameters. Its `num_steps` is the last step.
            active: whether this process is the one that writes.
            stream: where the progress line goes; stderr if None.
        """
        self._active = active
        if not active:
            return
        self._cost = Cost()
        self._num_steps = config.get("num_steps")
        self._estimate = RemainingTime(self._num_steps) if self._num_steps else None
        self._last: dict[str, float] = {}
        self._probed: dict[str, float] = {}
        self._events = EventFile(workdir, start_step + 1)
        self._events.hyperparameters(flattened(config), dict.fromkeys(METRICS, 0.0))
        self._events.layout(layout.charts_of(config.get("kind", "")))
        self._line = ProgressLine(stream)
        self._symptoms = Symptoms()
        self._pace = announce.Pace(self._num_steps)
        logging.info("on %s", announce.hardware())
        if proposed := announce.proposal(config):
            logging.warning("%s", proposed)
        logging.info("from step %d in %s; to watch: tensorboard --logdir=%s", start_step, workdir, workdir)

    def describe(self, cost: Cost) -> None:
        """What a step costs, once it is known: MFU is reported from then on."""
        if self._active:
            self._cost = cost
            if cost.parameters:
                logging.info("%.2f million parameters", cost.parameters / 1e6)

    def step(self, number: int, scalars: Mapping[str, float], rates: Mapping[str, float]) -> None:
        """Every step: its novelty and the progress line; with `rates` all scalars, and a line in the log.

        Args:
            number: steps done.
            scalars: of this step, by name.
            rates: of the steps since the last report, empty for the steps in between.
        """
        if not self._active:
            return
        at_once = {name: value for name, value in scalars.items() if name.startswith(AT_ONCE)}
        for name, value in at_once.items():
            self._scalar("train", name, value, number)
        self._probed |= {name: value for name, value in at_once.items() if name.startswith(GRADIENT)}
        self._last |= {name: float(scalars[name]) for name in SUMMARY if name in scalars}
        self._line.show(self._progress(number))
        if told := self._pace.step(number):
            logging.info("%s", told)
        if rates:
            self._report(number, scalars, dict(rates) | self._utilisation(rates))

    def _report(self, number: int, scalars: Mapping[str, float], rates: Mapping[str, float]) -> None:
        for name, value in scalars.items():
            if not name.startswith(AT_ONCE):
                self._scalar("train", name, value, number)
        for name, value in rates.items():
            group = "train" if name in OF_TRAINING else "speed"
            self._events.scalar(f"{group}/{name}", value, number)
        for name, value in throughput.memory_use().items():
            self._events.scalar(f"memory/{name}_gigabytes", value, number)
        logging.info("train %s", self._words(number, scalars, rates))
        self._warn(number, self._symptoms.of_step({**scalars, **self._probed}, rates))
        self._probed = {}

    def validation(self, number: int, validation: Validation) -> None:
        """A `Validation`: its scalars by name under `dev/`, its pictures and its audio."""
        if not self._active:
            return
        scalars = validation.scalars
        for name, value in scalars.items():
            self._scalar("dev", name, value, number)
        logging.info("dev %s", self._words(number, scalars, {}))
        for name, picture in validation.examples.pictures.items():
            title = f"{name.replace('_', ' ')}, step {number}"
            self._events.image(f"picture/{name}", drawn(picture, title), number)
        for name, samples in validation.examples.audio.items():
            self._events.audio(f"audio/{name}", samples, number)
        self._warn(number, self._symptoms.of_validation(scalars))
        self._events.flush()

    def parameters(self, number: int, tree: Mapping, prefix: str = "parameters") -> None:
        """How parameters (a nested mapping of arrays) are spread: a histogram each, by their path."""
        if not self._active:
            return
        for name, value in tree.items():
            if isinstance(value, Mapping):
                self.parameters(number, value, f"{prefix}/{name}")
            else:
                self._events.histogram(f"{prefix}/{name}", value, number)

    def epoch(self, number: int, gates: Mapping[str, float]) -> None:
        """The six component weights, means over an epoch, by `GATE_NAMES` (or `gates/` before them)."""
        if not self._active or not gates:
            return
        plain = {name.removeprefix("gates/"): float(value) for name, value in gates.items()}
        means = [plain[name] for name in GATE_NAMES]
        for (clip, factor), value in zip(PLACES, means, strict=True):
            self._events.scalar(f"epoch/{clip}/{factor}_weight", value, number)
        logging.info("component weights at step %d:\n%s", number, weight_table(means))
        self._warn(number, self._symptoms.of_epoch(means))

    def event(self, number: int, name: str, text: str) -> None:
        """Something out of the ordinary, in words."""
        if self._active:
            logging.warning("step %d: %s: %s", number, name, text)
            self._events.text(name, text, number)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        if self._active:
            self._events.flush()

    def close(self) -> None:
        """Write what is waiting and give the terminal back."""
        if self._active:
            self._line.close()
            self._events.close()

    def _scalar(self, group: str, name: str, value: float, number: int) -> None:
        self._events.scalar(f"{group}/{name}", value, number, layout.MEANINGS.get(name, ""))

    def _utilisation(self, rates: Mapping[str, float]) -> dict[str, float]:
        seconds = rates.get("step_seconds")
        pace = 1.0 / seconds if seconds else 0.0
        mfu = throughput.utilisation(self._cost.flops_per_step, pace, self._cost.peak_flops)
        return {} if mfu is None else {"mfu": mfu}

    def _warn(self, number: int, found: Mapping[str, str]) -> None:
        for name, advice in found.items():
            self.event(number, f"symptom/{name}", advice)

    def _progress(self, number: int) -> str:
        last = self._num_steps
        left = self._estimate.remaining(number) if self._estimate else None
        share = f"/{last}  {100 * number // max(last, 1)} %" if last else ""
        words = [f"step {number}{share}"]
        words += [f"{name.removeprefix('loss/')} {value:.3f}" for name, value in self._last.items()]
        return "  ".join(words + ([f"{duration(left)} left"] if left is not None else []))

    def _words(self, number: int, scalars: Mapping[str, float], speed: Mapping[str, float]) -> str:
        last = f"/{self._num_steps}" if self._num_steps else ""
        names = sorted(scalars, key=lambda name: (name != SUMMARY[0], name))
        shown = [name for name in names if not _only_in_tensorboard(name)]
        words = [f"{name.removeprefix('loss/')} {scalars[name]:.4g}" for name in shown]
        words += [f"{name} {value:.3g}" for name, value in speed.items()]
        left = self._estimate.remaining(number) if self._estimate and speed else None
        return f"{number}{last}: " + "  ".join(words + ([f"{duration(left)} left"] if left else []))


def _only_in_tensorboard(name: str) -> bool:
    """Whether a scalar is left out of the log's lines; of the rivals, all but the joint score is."""
    rivals = name.startswith("baseline/") and not name.endswith("/joint")
    return rivals or name in COUNTED or name.startswith(("weight/", "gates/"))
