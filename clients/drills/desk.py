"""Makes a fresh venue tradeable: accounts with money, a price, marks, and no auction after a fail-over.

Nobody but the drills trades there, and no price moves, so that the model (model.py) knows all that happens.
"""

import time

from cluster import DOMAIN, Refused

PRICE = 97_000
MONEY = 1_000_000
INSTRUMENTS_MAX = 3


class Desk:
    """The accounts and the instruments of a run."""

    def __init__(self, accounts, instruments):
        self.accounts, self.instruments = accounts, instruments


def opened(cluster, n_accounts):
    """Opens the accounts and the markets at the leader, and waits until every node knows them."""
    accounts = [cluster.as_operator("open_account") for _ in range(n_accounts)]
    for account in accounts:
        cluster.as_operator("deposit", account=account["account"], currency=DOMAIN, amount=MONEY)
    # Staged reopening after an outage has its own suite (clients/outage).
    cluster.as_operator(
        "set_reopening", currency=DOMAIN, steps=[], auction_ms=10_000, collar_ppm=50_000,
        extension_ms=5_000, extensions_max=0,
    )
    cluster.as_operator("report_index", base="BTC", quote="USD", price=PRICE)
    listed = cluster.nodes[cluster.wait_for_leader()].call("public/get_instruments", currency=DOMAIN)
    futures = sorted(
        (row for row in listed if row["kind"] == "future"), key=lambda row: -row["expiration_timestamp"]
    )[:INSTRUMENTS_MAX]
    cluster.as_operator("report_marks", marks=[[row["instrument_name"], PRICE] for row in futures])
    share_keys(cluster, accounts[-1])
    for node in cluster.nodes.values():
        for account in accounts:
            wait_until_known(node, account)
    names = [row["instrument_name"] for row in futures]
    return Desk(accounts, {row["instrument_name"]: row for row in futures if row["instrument_name"] in names})


def share_keys(cluster, account):
    """Keys are files of a node, not state: gives every node those that one of them has made.

    A node reads its keys when it starts, so those that lack them are started again.
    """
    files = {number: node.data / "keys.json" for number, node in cluster.nodes.items()}
    known = {number: account["client_id"] in file.read_text() for number, file in files.items()}
    knowing = next((number for number in files if known[number]), None)
    assert knowing is not None, f"no node knows {account['client_id']}"
    lacking = [node for number, node in cluster.nodes.items() if not known[number]]
    for node in lacking:
        node.stop()
        files[node.number].write_bytes(files[knowing].read_bytes())
        node.start()
    cluster.wait_for_leader()


def wait_until_known(node, account, timeout_s=20):
    """Until a node lets the account in."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return node.call("private/get_account_summary", key=account, currency=DOMAIN)
        except Refused as refused:
            said = refused
        except OSError as error:
            said = error
        assert time.monotonic() < deadline, f"node {node.number} does not know {account['client_id']}: {said}"
        time.sleep(0.1)
