#!/usr/bin/env python3
"""An expiry as clients see it: the venue's clock and theirs are set to the minute before 08:00 UTC.

Three lives of one demo venue: the evening before, in which the contracts of the day are listed; from
07:58:30 on, through the expiry into the wait for its price (its window was missed, so that is long); and
from 10:05 on, when the operator settles what the feed could not price. ccxt runs under the same clock.
"""

import argparse
import base64
import datetime
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
DAY = datetime.date(2026, 12, 4)
NAME = "BTC-4DEC26"


def clock(hour, minute, second=0, days=0):
    day = DAY + datetime.timedelta(days=days)
    return datetime.datetime(day.year, day.month, day.day, hour, minute, second)


class Refused(Exception):
    """The venue's own words."""


class Life:
    """One life of the venue, whose clock begins at `begin`."""

    def __init__(self, binary, data, begin):
        self.begin, self.data = begin, data
        self.started = time.monotonic()
        command = [binary, "demo", "--json", "--port", "0", "--data", data, "--seed", "3"]
        log = data.with_suffix(".log").open("a")
        self.process = subprocess.Popen(
            self.at(begin) + command, stdout=subprocess.PIPE, stderr=log, text=True,
            start_new_session=True,
        )
        line = self.process.stdout.readline()
        assert line, "the venue did not start"
        self.ready = json.loads(line)

    @staticmethod
    def at(moment):
        return ["env", "TZ=UTC", "faketime", "-f", f"@{moment:%Y-%m-%d %H:%M:%S}"]

    def now(self):
        return self.begin + datetime.timedelta(seconds=time.monotonic() - self.started)

    def stop(self):
        """Killed, and gone: faketime starts the venue as a child of its own, which may end after it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for lock in self.data.glob("*/LOCK"):
            with lock.open() as held:
                fcntl.flock(held, fcntl.LOCK_EX)

    def call(self, method, params, key=None):
        headers = {"Content-Type": "application/json"}
        if key:
            login = f"{key['client_id']}:{key['client_secret']}"
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = urllib.request.Request(f"{self.ready['http']}/api/v2", body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return json.load(reply)["result"]
        except urllib.error.HTTPError as refused:
            raise Refused(refused.read().decode()) from None

    def until(self, state, seconds):
        deadline = time.monotonic() + seconds
        while True:
            found = self.call("public/ticker", {"instrument_name": NAME})["state"]
            if found == state:
                return
            assert time.monotonic() < deadline, f"{NAME} is {found}, not {state}, at {self.now()}"
            time.sleep(0.5)

    def phase(self, name):
        """The tests of a phase, under the venue's clock."""
        env = dict(
            os.environ, PLIMSOLL_HTTP=self.ready["http"], PLIMSOLL_WS=self.ready["ws"],
            PLIMSOLL_ACCOUNTS=json.dumps(self.ready["accounts"]), PLIMSOLL_EXPIRING=NAME,
            PYTHONPATH=str(HERE.parent / "python"),
        )
        pytest = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
        run = self.at(self.now()) + pytest + [HERE / "test_delivery.py", "-k", name]
        subprocess.run(run, env=env, check=True)


def play(binary, data):
    life = Life(binary, data, clock(16, 0, days=-1))
    life.until("open", 30)
    life.stop()
    life = Life(binary, data, clock(7, 58, 30))
    life.until("open", 60)
    life.phase("open")
    life.until("settlement", 120)
    life.phase("delivering")
    life.stop()
    life = Life(binary, data, clock(10, 5))
    operator = next(k for k in json.loads((data / "keys.json").read_text()) if k["account"] == 0)
    deadline, said = time.monotonic() + 60, None
    while life.call("public/ticker", {"instrument_name": NAME})["state"] != "closed":
        assert time.monotonic() < deadline, f"it is not settled: {said}"
        expiry = int(clock(8, 0).replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)
        params = {"index_name": "btc_usd", "expiration_timestamp": expiry, "price": 97_000}
        try:
            life.call("operator/settle_delivery", params, operator)
        except Refused as refused:
            said = refused  # It is not disputed yet.
            time.sleep(1)
    life.phase("closed")
    life.stop()
    print("delivery: ccxt met a future open, delivering and closed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="the plimsoll binary")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        try:
            play(options.bin.resolve(), data)
        except BaseException:
            subprocess.run(["pkill", "-9", "-f", str(data)])
            log = data.with_suffix(".log")
            sys.stderr.write(log.read_text()[-3_000:] if log.exists() else "")
            raise


if __name__ == "__main__":
    main()
