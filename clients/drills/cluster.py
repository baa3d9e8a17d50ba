"""The processes under test: nodes of one cluster, each in its namespace, on its disk, behind its shim.

`Cluster` is what `plimsoll cluster init` makes; `Solo` is one `plimsoll serve` without replication. The
second needs nothing that the first is about, so the drills themselves can be tried on it: each fault stops
the service for a while, and no promise to a client may break.
"""

import base64
import http.client
import json
import os
import signal
import subprocess
import time
import tomllib
from pathlib import Path

from world import address, entered

API_PORT, CLUSTER_PORT = 8080, 7001
DOMAIN = "BTC"
# Limits of the gateway are another suite's; here they would only be in the way. Root marks are close, so
# that there are roots to compare, and snapshots too, so that nodes start from them.
TUNED = {
    "gateway": {
        "connections_per_address_max": 1_000, "queued_per_account_max": 64,
        "orders_per_s": 100_000, "orders_burst": 100_000, "cancels_per_s": 100_000,
        "cancels_burst": 100_000, "queries_per_s": 100_000, "queries_burst": 100_000,
    },
    "log": {"mark_entries": 1_000, "snapshot_entries": 10_000},
}
STOP_S = 20
NOT_ORDERED = 10047  # There was no leader to do it: it has not happened, and never will.


class Refused(Exception):
    """What the venue answered instead of a result."""

    def __init__(self, method, error):
        super().__init__(f"{method}: {error}")
        self.code = error.get("code")


class Node:
    """One node through its lives."""

    def __init__(self, number, binary, config, scratch):
        self.number, self.binary, self.config = number, binary, Path(config)
        self.host = address(number)
        self.ws = f"ws://{self.host}:{API_PORT}/ws/api/v2"
        self.words_path = Path(scratch) / f"node-{number}.log"
        self.process = self.shim = self.disk = None
        self.is_stopped = False  # By SIGSTOP.
        self.variables = {}  # Of its environment, beside ours.
        self.n_lives = 0

    @property
    def data(self):
        """Where its configuration says, which may be relative to it."""
        told = tomllib.loads(self.config.read_text()).get("data", "data")
        return Path(os.path.normpath(self.config.parent / told))

    def start(self):
        """Starts a process; it may be long until it is ready, or it may never be."""
        assert not self.is_alive(), f"node {self.number} runs"
        command = [*entered(self.number), self.binary, "serve", "--config", str(self.config), "--json"]
        environment = {**os.environ, **(self.shim.environment() if self.shim else {}), **self.variables}
        with self.words_path.open("a") as words:
            words.write(f"--- life {self.n_lives + 1}\n")
            words.flush()
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=environment,
                cwd=self.config.parent,
            )
        self.is_stopped = False
        self.n_lives += 1

    def revive(self):
        """A new life, if the last one is over."""
        if not self.is_alive():
            self.start()

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def has_ended(self, within_s):
        """Whether it ends by itself in that time."""
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.is_stopped = False

    def stop(self):
        """A clean end. Returns whether it came in time."""
        self.resume()
        if self.is_alive():
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
                return False
        return True

    def pause(self):
        if self.is_alive():
            self.process.send_signal(signal.SIGSTOP)
            self.is_stopped = True

    def resume(self):
        if self.is_alive():
            self.process.send_signal(signal.SIGCONT)
        self.is_stopped = False

    def words(self, n_chars=1_500):
        return self.words_path.read_text(errors="replace")[-n_chars:] if self.words_path.exists() else ""

    def call(self, method, key=None, timeout_s=5, **params):
        """One call over HTTP."""
        headers = {"Content-Type": "application/json"}
        if key:
            login = f"{key['client_id']}:{key['client_secret']}"
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        wire = http.client.HTTPConnection(self.host, API_PORT, timeout=timeout_s)
        try:
            wire.request("POST", "/api/v2", body, headers)
            reply = json.loads(wire.getresponse().read())
        finally:
            wire.close()
        if "result" not in reply:
            raise Refused(method, reply.get("error", reply))
        return reply["result"]

    def status(self, timeout_s=1, currency=DOMAIN):
        """Its part of the cluster in a domain; None: it does not answer."""
        try:
            told = self.call("public/get_cluster", timeout_s=timeout_s)
        except (OSError, http.client.HTTPException, Refused, ValueError):
            return None
        return next((row for row in told["domains"] if row["currency"] == currency), None)


class Cluster:
    """Nodes 1 to n of one cluster."""

    def __init__(self, binary, directory, n_nodes, name="drill"):
        self.binary, self.directory, self.name = str(binary), Path(directory), name
        configs = self.init(n_nodes)
        self.nodes = {n: Node(n, self.binary, configs[n], directory) for n in configs}
        for config in configs.values():
            config.write_text(tuned(config.read_text()))

    def init(self, n):
        """Makes the files. Returns the configuration of each node."""
        command = [self.binary, "cluster", "init", "--dir", str(self.directory), "--id", self.name]
        for node in range(1, n + 1):
            zone = "abcde"[node - 1]
            member = f"{node}={address(node)}:{CLUSTER_PORT},api={address(node)}:{API_PORT},zone={zone}"
            command += ["--member", member]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"cluster init: {done.stderr.strip()}"
        return {node: self.directory / f"node-{node}" / "plimsoll.toml" for node in range(1, n + 1)}

    def majority(self):
        return len(self.nodes) // 2 + 1

    def leader(self):
        """The number of the node that leads in the newest term; None: nobody says that it does."""
        leads = []
        for node in self.nodes.values():
            row = node.status() if node.is_alive() and not node.is_stopped else None
            if row and row["role"] == "leader":
                leads.append((row["term"], node.number))
        return max(leads)[1] if leads else None

    def wait_for_leader(self, timeout_s=30):
        deadline = time.monotonic() + timeout_s
        while (leader := self.leader()) is None:
            alive = [node for node in self.nodes.values() if node.is_alive()]
            assert self.majority() <= len(alive), "\n".join(node.words() for node in self.nodes.values())
            assert time.monotonic() < deadline, f"no leader within {timeout_s} s:\n{alive[0].words()}"
            time.sleep(0.05)
        return leader

    def operator(self, timeout_s=10):
        """The operator's key. A venue may listen a moment before it has written it."""
        deadline = time.monotonic() + timeout_s
        while True:
            for node in filter(Node.is_alive, self.nodes.values()):
                for path in (node.data / "keys.json", node.config.parent / "keys.json"):
                    keys = json.loads(path.read_text()) if path.exists() else []
                    if (key := next((key for key in keys if key["account"] == 0), None)) is not None:
                        return key
            assert time.monotonic() < deadline, f"no keys.json with the operator's key in {self.directory}"
            time.sleep(0.05)

    def as_operator(self, method, timeout_s=20, **params):
        """A call at the leader; again if it was not ordered."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return self.nodes[self.wait_for_leader()].call(f"operator/{method}", key=self.operator(), **params)
            except Refused as refused:
                if refused.code != NOT_ORDERED or deadline < time.monotonic():
                    raise
            time.sleep(0.1)

    def spread(self):
        """How far the nodes are apart: (seq that all have applied, seq that one has), or None."""
        rows = [node.status() for node in self.nodes.values()]
        if None in rows:
            return None
        seqs = [row["applied_seq"] for row in rows]
        return min(seqs), max(seqs)

    def close(self):
        for node in self.nodes.values():
            node.kill()
            if node.disk:
                node.disk.__exit__()


class Solo(Cluster):
    """One process without replication, under the same faults."""

    def init(self, n):
        assert n == 1, "solo is one node"
        config = self.directory / "node-1" / "plimsoll.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'data = "data"\nlisten = "{address(1)}:{API_PORT}"\n')
        return {1: config}

    def leader(self):
        try:
            self.nodes[1].call("public/get_time", timeout_s=1)
            return 1
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def spread(self):
        return (0, 0) if self.leader() else None


def tuned(text):
    """The configuration with our limits, whatever it said of them."""
    told = tomllib.loads(text)
    kept, skipping = [], False
    for line in text.splitlines():
        if line.strip().startswith("["):
            skipping = line.strip().strip("[]") in TUNED
        if not skipping:
            kept.append(line)
    for table, values in TUNED.items():
        kept += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in
                                 {**told.get(table, {}), **values}.items())]
    return "\n".join(kept) + "\n"
