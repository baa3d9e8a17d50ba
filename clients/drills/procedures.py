#!/usr/bin/env python3
"""Drills of procedures: what people do when a machine, a majority or the state of a node is lost, under load.

    procedures.py --bin plimsoll                                every one that can run here
    procedures.py --bin plimsoll --planted-bin planted --only divergence

Each says what it measured, and then the whole history is checked against the logs as after faults (check.py).
`--planted-bin` is a build with the feature `planted`, for the one that needs a bug on purpose;
`--previous-bin` is the build of before, for the one that upgrades.
"""

import argparse
import asyncio
import json
import random
import sys
from pathlib import Path

import divergence
import emptied
import quorum_loss
import replacement
import upgrade
import world
from fleet import Step
from rig import keep, opened

PROCEDURES = {
    "divergence": divergence.Divergence,
    "quorum-loss": quorum_loss.QuorumLoss,
    "node-replacement": replacement.Replacement,
    "emptied-disk": emptied.Emptied,
    "rolling-upgrade": upgrade.Upgrade,
}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="the plimsoll binary")
    parser.add_argument("--planted-bin", type=Path, help="the same with the feature `planted`")
    parser.add_argument("--previous-bin", type=Path, help="the build of before")
    parser.add_argument("--only", help=f"with commas between: {', '.join(PROCEDURES)}")
    parser.add_argument("--rate", type=float, default=200, help="orders a second of all traders (200)")
    parser.add_argument("--seed", type=int, help="without it a new one, which is printed")
    parser.add_argument("--plain-disk", action="store_true", help="data in a directory: faster syncs")
    parser.add_argument("--keep", type=Path, help="where history, logs and words go after a violation")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",") if chosen.only else list(PROCEDURES)
    if unknown := set(chosen.only) - set(PROCEDURES):
        parser.error(f"there is no procedure {', '.join(unknown)}: {', '.join(PROCEDURES)}")
    chosen.seed = random.randrange(2**31) if chosen.seed is None else chosen.seed
    chosen.bin = chosen.bin.resolve()
    chosen.planted_bin = chosen.planted_bin and chosen.planted_bin.resolve()
    chosen.previous_bin = chosen.previous_bin and chosen.previous_bin.resolve()
    return chosen


def rehearsed(chosen, name):
    """One of them; what broke."""
    kind = PROCEDURES[name]
    chosen = argparse.Namespace(**{**vars(chosen), "bin": kind.binary(chosen), "next_bin": chosen.bin})
    with opened(chosen, kind.n_nodes, kind.n_spare) as (ground, scratch):
        rig = kind(chosen, ground, scratch)
        rig.prepare()
        try:
            asyncio.run(rig.rehearse())
        except (AssertionError, Step) as error:
            rig.violation("procedure", f"{name} could not be carried out: {error}")
        print(f"drills: {name}: {json.dumps(rig.figures)}", flush=True)
        if rig.found:
            keep(chosen, rig)
        return rig.found


def main():
    chosen = options()
    n_found = 0
    for name in chosen.only:
        print(f"drills: {name}; seed {chosen.seed}", flush=True)
        if (why := PROCEDURES[name].why_not(chosen)) is not None:
            print(f"drills: SKIPPED {name}: {why}")
            continue
        try:
            n_found += len(rehearsed(chosen, name))
        except world.Unable as unable:
            print(f"drills: SKIPPED {name}: {unable}")
    if n_found:
        print(f"drills: FAILED: {n_found} violations; seed {chosen.seed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
