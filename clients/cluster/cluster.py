#!/usr/bin/env python3
"""A trader with unpatched ccxt at every node of `plimsoll cluster dev`, before and after its leader dies.

At each node: an order is placed, seen there and at every other node, and cancelled. Then the process that
leads BTC gets SIGKILL; the same at each node that is left, and what was open before is still open, once.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import ccxt

SYMBOL = "BTC/USD:BTC"
READY_TIMEOUT_S = 120
PATIENCE_S = 10


def exchange(node, account):
    client = ccxt.deribit({"apiKey": account["client_id"], "secret": account["client_secret"]})
    client.urls["api"] = {"rest": node["http"], "ws": node["ws"]}
    client.load_markets()
    return client


def status(node):
    """What a node says of BTC; None: it does not answer."""
    try:
        told = ccxt.deribit().fetch(f"{node['http']}/api/v2/public/get_cluster")
    except ccxt.NetworkError:
        return None
    return next(row for row in told["result"]["domains"] if row["currency"] == "BTC")


def patiently(what, attempt):
    """What `attempt` returns, once it is neither refused for a while nor None."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if (found := attempt()) is not None:
                return found
        except (ccxt.NetworkError, ccxt.ExchangeError) as error:
            assert time.monotonic() < deadline, f"{what}: {error}"
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.05)


def is_open(client, order):
    return any(one["id"] == order["id"] for one in client.fetch_open_orders(SYMBOL))


def trade_at(nodes, account):
    clients = {node["node"]: exchange(node, account) for node in nodes}
    for number, client in clients.items():
        price = round(client.fetch_ticker(SYMBOL)["bid"] * 0.97 * 2) / 2
        order = patiently(f"an order at node {number}",
                          lambda: client.create_order(SYMBOL, "limit", "buy", 100, price, {"postOnly": True}))
        for other, elsewhere in clients.items():
            patiently(f"the order of node {number} at node {other}", lambda: is_open(elsewhere, order) or None)
        cancelled = patiently(f"a cancel at node {number}", lambda: client.cancel_order(order["id"], SYMBOL))
        assert cancelled["status"] == "canceled", cancelled
        print(f"cluster: node {number}: placed, seen at {len(clients)} nodes, cancelled", flush=True)
    return clients


def run(binary, scratch):
    command = [binary, "cluster", "dev", "--json", "--port", "0", "--dir", scratch, "--seed", "7"]
    venue = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        timer = time.monotonic() + READY_TIMEOUT_S
        line = venue.stdout.readline()
        assert line and time.monotonic() < timer, f"not ready: {venue.stderr.read() if venue.poll() else ''}"
        ready = json.loads(line)
        nodes, account = ready["nodes"], ready["accounts"][0]
        clients = trade_at(nodes, account)
        first = next(iter(clients.values()))
        price = round(first.fetch_ticker(SYMBOL)["bid"] * 0.97 * 2) / 2
        stays = first.create_order(SYMBOL, "limit", "buy", 100, price, {"postOnly": True, "label": "stays"})

        leader = patiently("a leader", lambda: next((n for n in nodes if status(n)["role"] == "leader"), None))
        os.kill(leader["pid"], signal.SIGKILL)
        print(f"cluster: node {leader['node']}, which led BTC, got SIGKILL", flush=True)
        left = [node for node in nodes if node is not leader]
        patiently("another leader", lambda: next((n for n in left if status(n)["role"] == "leader"), None))
        for node in left:
            client = exchange(node, account)
            found = patiently("open orders", lambda: client.fetch_open_orders(SYMBOL))
            kept = [order for order in found if order["clientOrderId"] == "stays" or order["id"] == stays["id"]]
            assert len(kept) == 1, f"node {node['node']} has {len(kept)} of the order that was open: {found}"
        trade_at(left, account)
        print("cluster: what was open before is open, once, at every node that is left", flush=True)
    finally:
        venue.send_signal(signal.SIGINT)
        try:
            venue.wait(timeout=20)
        except subprocess.TimeoutExpired:
            venue.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=os.environ.get("PLIMSOLL_BIN", "target/release/plimsoll"))
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(run(parser.parse_args().bin, scratch))
