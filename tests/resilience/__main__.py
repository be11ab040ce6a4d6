"""Run the torture, or the parts of it that are named, and print the table."""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

from tests.resilience import agent, scenarios
from tests.resilience.harness import Failed, Place, Row


def run(name: str, place: Place) -> tuple[bool, Row]:
    """One part; whether it held, and its line of the table."""
    try:
        return True, scenarios.ALL[name](place)
    except Failed as error:
        return False, Row(name, "", f"FAILED: {' '.join(str(error).split())[:1000]}")
    except scenarios.NotHere as error:
        return True, Row(name, "", f"not run: {error}")
    except Exception:
        return False, Row(name, "", f"FAILED: {traceback.format_exc().splitlines()[-1]}")


def main() -> int:
    """The exit status: 0 if everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.resilience", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(scenarios.ALL))
    parser.add_argument("--kills", type=int, default=Place.kills, help="kill -9 of one process")
    parser.add_argument("--pair_kills", type=int, default=Place.pair_kills, help="of one of two processes")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(scenarios.ALL)):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(scenarios.ALL)}")
    root = pathlib.Path(tempfile.mkdtemp(prefix="resilience-"))
    place, good = Place(root, arguments.kills, arguments.pair_kills), True
    agent.write_examples(place.data)
    print("| bar | what was done | what was seen | s |\n|---|---|---|---|", flush=True)
    for name in arguments.names or scenarios.ALL:
        began = time.monotonic()
        held, row = run(name, place)
        good &= held
        print(f"| {row.bar} | {row.done} | {row.seen} | {time.monotonic() - began:.0f} |", flush=True)
    if good:
        shutil.rmtree(root)
    else:
        print(f"\nlogs and workdirs are in {root}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
