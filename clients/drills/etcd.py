#!/usr/bin/env python3
"""What a three-node etcd does on this machine: puts a second and their latencies, at 1 and at 64 clients.

    etcd.py [--seconds 5] [--clients 1,64] [--dir DIR] [--json]
    etcd.py --asked [--dir DIR]

Debian's etcd-server, three processes on loopback, data on the disk of DIR. The load is h2load from
Debian's nghttp2-client, which speaks HTTP/2, so the puts are the gRPC calls that etcd's own clients make
(`etcdserverpb.KV/Put`, 64-byte values), one in flight for each client. etcd's JSON gateway is not in the
path; what it would cost is measured beside it, over HTTP/1.1 with wrk.

That each put was done is not believed but counted: the revision of the store rises by one with each.

With --asked the nodes stay up and a benchmark asks for one round after the other: it reads `ready` (or why
not; nothing is installed), writes "CLIENTS SECONDS", and reads puts a second, p50 and p99 in µs.
"""

import argparse
import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

CLIENT_PORT, PEER_PORT = 23_790, 23_800
PACKAGES = {"etcd": "etcd-server", "h2load": "nghttp2-client", "wrk": "wrk"}
KEY, VALUE = b"plimsoll", b"x" * 64
# consensus.md §2: on the machine where the goals were set.
SPECIFIED = {1: {"puts_per_s": 934, "p50_ms": 1.0}, 64: {"puts_per_s": 9_960, "p50_ms": 6.1, "p99_ms": 13.8}}


class Etcd:
    """Three members."""

    def __init__(self, directory):
        self.directory, self.processes = directory, []

    def __enter__(self):
        members = ",".join(f"m{n}=http://127.0.0.1:{PEER_PORT + n}" for n in range(3))
        for n in range(3):
            client, peer = f"http://127.0.0.1:{CLIENT_PORT + n}", f"http://127.0.0.1:{PEER_PORT + n}"
            command = [
                "etcd", "--name", f"m{n}", "--data-dir", str(self.directory / f"m{n}"), "--log-level", "error",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", members, "--initial-cluster-state", "new",
            ]
            log = (self.directory / f"m{n}.log").open("w")
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()

    def call(self, n, path, body):
        """Over the gateway."""
        request = urllib.request.Request(f"http://127.0.0.1:{CLIENT_PORT + n}/v3/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.load(reply)

    def leader(self, timeout_s=30):
        """The number of the member that leads."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                for n in range(3):
                    told = self.call(n, "maintenance/status", {})
                    if told["leader"] == told["header"]["member_id"]:
                        return n
            except (OSError, KeyError):
                pass
            assert time.monotonic() < deadline, "etcd has no leader"
            time.sleep(0.2)

    def revision(self, n):
        key = base64.b64encode(KEY).decode()
        return int(self.call(n, "kv/range", {"key": key})["header"]["revision"])


def put_request():
    """PutRequest { key = 1, value = 2 } in protobuf, behind gRPC's five bytes: not compressed, length."""
    message = bytes([0x0A, len(KEY)]) + KEY + bytes([0x12, len(VALUE)]) + VALUE
    return b"\0" + len(message).to_bytes(4, "big") + message


def grpc(etcd, leader, n_clients, seconds, scratch, in_flight=1):
    """Puts by gRPC at the leader, so many in flight for each client."""
    body, log = scratch / "put", scratch / f"requests-{n_clients}"
    body.write_bytes(put_request())
    log.unlink(missing_ok=True)  # h2load appends.
    before = etcd.revision(leader)
    command = [
        "h2load", "-c", str(n_clients), "-m", str(in_flight), "-t", "1", "-D", str(seconds), "-d", str(body),
        "-H", "content-type: application/grpc", "-H", "te: trailers", f"--log-file={log}",
        f"http://127.0.0.1:{CLIENT_PORT + leader}/etcdserverpb.KV/Put",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    n_done = etcd.revision(leader) - before
    # Columns: start in µs since 1970, status, duration in µs.
    took = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines() if "\t200\t" in line)
    assert took and abs(n_done - len(took)) <= n_clients * in_flight, f"{len(took)} answers, {n_done} puts: {done.stdout}"
    place = lambda share: round(took[int(share * (len(took) - 1))] / 1000, 2)
    return {"puts_per_s": round(n_done / seconds), "p50_ms": place(0.5), "p99_ms": place(0.99), "max_ms": place(1)}


def asked(directory):
    """Rounds by gRPC, as they are asked for."""
    missing = [package for tool, package in PACKAGES.items() if tool in ("etcd", "h2load") and not shutil.which(tool)]
    if missing:
        print(f"not installed: {', '.join(missing)}", flush=True)
        return
    with tempfile.TemporaryDirectory(prefix="etcd-", dir=directory) as scratch, Etcd(Path(scratch)) as etcd:
        grpc(etcd, etcd.leader(), 1, 1, Path(scratch))  # To warm up.
        print("ready", flush=True)
        for line in sys.stdin:
            n_clients, in_flight, seconds = map(int, line.split())
            row = grpc(etcd, etcd.leader(), n_clients, seconds, Path(scratch), in_flight)
            print(row["puts_per_s"], round(row["p50_ms"] * 1000), round(row["p99_ms"] * 1000), flush=True)


def gateway(etcd, leader, n_clients, seconds, scratch):
    """The same puts through the JSON gateway."""
    body = json.dumps({"key": base64.b64encode(KEY).decode(), "value": base64.b64encode(VALUE).decode()})
    script = scratch / "put.lua"
    script.write_text(f"wrk.method = 'POST'\nwrk.body = '{body}'\n")
    before = etcd.revision(leader)
    command = ["wrk", "-t", "1", "-c", str(n_clients), "-d", f"{seconds}s", "--latency", "-s", str(script),
               f"http://127.0.0.1:{CLIENT_PORT + leader}/v3/kv/put"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    percentiles = {row.split()[0]: row.split()[1] for row in done.stdout.splitlines() if row.strip()[:3] in ("50%", "99%")}
    n_done = etcd.revision(leader) - before
    return {"puts_per_s": round(n_done / seconds), "p50_ms": in_ms(percentiles["50%"]), "p99_ms": in_ms(percentiles["99%"])}


def in_ms(text):
    for unit, factor in (("us", 0.001), ("ms", 1), ("s", 1000)):
        if text.endswith(unit):
            return round(float(text.removesuffix(unit)) * factor, 2)
    raise ValueError(text)


def installed():
    """Why it cannot run here; None: it can, and everything is installed."""
    missing = [package for tool, package in PACKAGES.items() if not shutil.which(tool)]
    if not missing:
        return None
    if not shutil.which("apt-get"):
        return f"not installed, and there is no apt-get: {', '.join(missing)}"
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    # The package may start a service of its own, which is not ours to measure or to stop.
    return next((f"{tool} is not there after installing" for tool in PACKAGES if not shutil.which(tool)), None)


def measured(clients, seconds, directory):
    rows = []
    with tempfile.TemporaryDirectory(prefix="etcd-", dir=directory) as scratch, Etcd(Path(scratch)) as etcd:
        leader = etcd.leader()
        grpc(etcd, leader, 1, 1, Path(scratch))  # To warm up.
        for n_clients in clients:
            rows.append({"clients": n_clients, "by": "gRPC", **grpc(etcd, leader, n_clients, seconds, Path(scratch))})
            rows.append({"clients": n_clients, "by": "JSON gateway",
                         **gateway(etcd, leader, n_clients, seconds, Path(scratch))})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", default="1,64")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--dir", help="where the data is; without it the temporary directory")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--asked", action="store_true")
    chosen = parser.parse_args()
    if chosen.asked:
        asked(chosen.dir)
        return 0
    if (why := installed()) is not None:
        print(f"etcd: SKIPPED: {why}")
        return 0
    rows = measured([int(n) for n in chosen.clients.split(",")], chosen.seconds, chosen.dir)
    if chosen.json:
        print(json.dumps(rows))
        return 0
    version = subprocess.run(["etcd", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    print(f"{version}, three nodes, 64-byte values\n\n| clients | by | puts/s | p50 ms | p99 ms | consensus.md |\n"
          "|---|---|---|---|---|---|")
    for row in rows:
        known = SPECIFIED.get(row["clients"], {}) if row["by"] == "gRPC" else {}
        told = ", ".join(f"{name} {value}" for name, value in known.items())
        print(f"| {row['clients']} | {row['by']} | {row['puts_per_s']} | {row['p50_ms']} | {row['p99_ms']} | {told} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
