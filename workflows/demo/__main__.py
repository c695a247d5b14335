"""`python -m workflows.demo`: run the loop and write the report."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ml.errors import MlError
from mlctl.errors import MlctlError


def main() -> int:
    """Exit status 0 if every part of the loop did what it should."""
    parser = argparse.ArgumentParser(prog="mlctl workflow demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(".mlctl/demo"), help="folder for everything (default: %(default)s)")
    parser.add_argument("--env", type=Path, default=Path("environments/dev.yaml"), help="whose workflows are run (default: %(default)s)")
    given = parser.parse_args()
    from workflows.demo.place import DemoPlace
    from workflows.demo.report import write_report
    from workflows.demo.story import Story

    begun = time.monotonic()
    try:
        place = DemoPlace.fresh(given.out, given.env)
        story = Story(place)
        story.tell()
        path = write_report(story, time.monotonic() - begun)
    except (MlError, MlctlError) as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    for line in story.outcome():
        print(line)
    print(f"\n{time.monotonic() - begun:.0f} s. Look at {path}")
    return 0 if story.closed else 1


if __name__ == "__main__":
    sys.exit(main())
