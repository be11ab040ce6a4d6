"""`python -m tests.resilience [NAME ...]`: run the torture, or the parts of it named, and print the table."""

from __future__ import annotations

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


def main(names: list[str]) -> int:
    """The exit status: 0 if everything held."""
    unknown = sorted(set(names) - set(scenarios.ALL))
    if unknown:
        print(f"no part {', '.join(unknown)}; there are {', '.join(scenarios.ALL)}", file=sys.stderr)
        return 65
    root = pathlib.Path(tempfile.mkdtemp(prefix="resilience-"))
    place, good = Place(root), True
    agent.write_examples(place.data)
    print("| bar | what was done | what was seen | s |\n|---|---|---|---|", flush=True)
    for name in names or scenarios.ALL:
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
    sys.exit(main(sys.argv[1:]))
