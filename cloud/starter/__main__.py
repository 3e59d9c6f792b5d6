"""`python -m cloud.starter --folder F [NAME]`: build a starter image where it is not built yet, and print its path."""

import argparse
import os
import signal
import sys
from pathlib import Path

from cloud.starter import builder, outcome
from cloud.starter.recipes import RECIPES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cloud.starter")
    parser.add_argument("--folder", type=Path, required=True, help="where images are built and kept")
    parser.add_argument("name", nargs="?", choices=sorted(RECIPES), default="debian-12")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the half-built image is then removed
    os.nice(10)  # a build waits for whoever works at this computer
    try:
        print(outcome.build(options.folder, RECIPES[options.name], _say))
    except builder.CannotBuild as trouble:
        _say(str(trouble))
        return 1
    return 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


sys.exit(main())
