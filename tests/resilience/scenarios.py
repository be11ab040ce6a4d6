"""All parts of the torture by name, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable

from tests.resilience import faults, kills, signals, storage
from tests.resilience.harness import Place, Row

NotHere = storage.NotHere

ALL: dict[str, Callable[[Place], Row]] = {
    "resume": kills.resume_equality,
    "seed": kills.same_seed,
    "kills": kills.kills,
    "pair_kills": kills.pair_kills,
    "sigterm": signals.sigterm,
    "sigterm_agent": signals.sigterm_agent,
    "sigterm_pair": signals.sigterm_pair,
    "sigterm_large": signals.sigterm_large,
    "bit_flips": storage.bit_flips,
    "truncations": storage.truncations,
    "full_disk": storage.full_disk,
    "read_only": storage.read_only,
    "stalled_disk": storage.stalled_disk,
    "not_finite": faults.not_finite,
    "spike": faults.spike,
    "hangs": faults.hangs,
    "hung_peer": faults.hung_peer,
    "orphans": faults.orphans,
    "other_config": faults.other_config,
    "two_trainers": faults.two_trainers,
    "goodput": kills.goodput,
    "events": kills.events,
}
