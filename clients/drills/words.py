"""Entries of a log as `plimsoll log inspect --json` words them, read back into values.

Prices and sizes are whole numbers of 10⁻⁸, so that they compare exactly.
"""

import json
import re
import subprocess

ALL = str(2**63)

COMMANDS = {
    "place": re.compile(
        r"account (?P<account>\d+) (?P<side>buys|sells) (?P<size>\S+) of (?P<instrument>\S+) "
        r'(?:at (?P<price>[\d.]+)|at the (?:market|best price))(?: labelled "(?P<label>[^"]*)")?'
    ),
    "edit": re.compile(
        r"account (?P<account>\d+) amends order (?P<order>\d+)(?: to (?P<size>\S+))?(?: at (?P<price>\S+))?"
    ),
    "cancel": re.compile(r"account (?P<account>\d+) cancels order (?P<order>\d+)"),
}
EVENTS = {
    "placed": re.compile(
        r"order (?P<order>\d+) of account (?P<account>\d+): (?P<side>buys|sells) (?P<size>\S+) "
        r"of (?P<instrument>\S+) at (?P<price>\S+)"
    ),
    "trade": re.compile(
        r"trade (?P<trade>\d+): (?P<size>\S+) at (?P<price>\S+), order (?P<taker>\d+) (?:buys|sells) "
        r"from order (?P<maker>\d+)"
    ),
    "rests": re.compile(r"order (?P<order>\d+) rests, (?P<size>\S+) at (?P<price>\S+)"),
    "amended": re.compile(
        r"order (?P<order>\d+) is now (?P<size>\S+) at (?P<price>\S+), (?P<place>in its place|at the back)"
    ),
    "filled": re.compile(r"order (?P<order>\d+) is filled"),
    "cancelled": re.compile(r"order (?P<order>\d+) is cancelled \((?P<reason>.*)\)"),
    "repeated": re.compile(r"the same id named order (?P<order>\d+) before"),
    "refused": re.compile(r"refused \((?P<code>\d+)\).*", re.DOTALL),
}
UNITS = {"size", "price"}
NUMBERS = {"account", "order", "trade", "taker", "maker", "code"}


class Entry:
    """One entry: its command, and those of its events that are about orders, each as (kind, values)."""

    __slots__ = ("seq", "at", "command", "events", "line")

    def __init__(self, line):
        told = json.loads(line)
        self.seq, self.at, self.line = told["seq"], told["at"], line
        self.command = read(COMMANDS, told["command"])
        self.events = [event for event in (read(EVENTS, text) for text in told["events"]) if event[0]]

    def of(self, kind):
        """The values of its events of a kind."""
        return [values for name, values in self.events if name == kind]


def units(text):
    return round(float(text) * 10**8)


def read(patterns, text):
    """(kind, values), or (None, {}) of what is nobody's order."""
    for kind, pattern in patterns.items():
        if (found := pattern.fullmatch(text)) is not None:
            return kind, {name: value_of(name, value) for name, value in found.groupdict().items()}
    return None, {}


def value_of(name, value):
    if value is None:
        return None
    return units(value) if name in UNITS else int(value) if name in NUMBERS else value


def lines(binary, data, domain, from_seq=1):
    """The lines of a log: entries from a seq on, and the root marks among them."""
    command = [str(binary), "log", "inspect", "--data", str(data), "--domain", domain, "--json",
               "--from", str(from_seq), "--limit", ALL]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield from process.stdout
    said = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    if process.wait() != 0:
        raise RuntimeError(f"log inspect of {data}: {said.strip()}")


def verified(binary, data):
    """What `plimsoll log verify` says of each domain; an error is its own words."""
    command = [str(binary), "log", "verify", "--data", str(data), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"log verify of {data}: {done.stderr.strip()}")
    return {row["domain"]: row for row in json.loads(done.stdout)["domains"]}
