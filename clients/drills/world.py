"""Several machines on one: a network namespace for each node, and faults of the links between them.

```
   p1 ── eth0 ═ drv1 ─┐                      pN has 10.77.0.N, the host 10.77.0.254
   p2 ── eth0 ═ drv2 ─┼─ bridge `drills` ── host
   p3 ── eth0 ═ drv3 ─┘   └ nftables, bridge family: a set of directed links that are cut
```

A link is directed, so that half of one can be cut. The host's own link to a node is never cut: clients
reach both sides of a partition, which is when a wrong answer would show. While the relay runs (relay.py)
the same cuts hold in it, because frames then do not pass from port to port of this bridge.

Neighbours are fixed in advance: what a drill measures is the cluster, not the kernel's search for
addresses after a partition. Everything has a name of its own, so that `clear` removes what an earlier run
left behind, however that ended.
"""

import collections
import fcntl
import os
import shutil
import subprocess
import threading
import time

NODES_MAX = 5
HOST = 0  # The number of the host among the ports.
BRIDGE = "drills"
TABLE = "plimsoll_drills"
LOCK = "/run/plimsoll-drills.lock"
LOCK_WAIT_S = 600


class Unable(Exception):
    """What this machine lacks for it, in one line."""


def address(node):
    """Of a node, or of the host."""
    return f"10.77.0.{node or 254}"


def mac(node):
    """The last byte is the number of the port: the relay needs no table of addresses."""
    return f"02:77:00:00:00:{node:02x}"


def namespace(node):
    return f"p{node}"


def veth(node):
    return f"drv{node}"


def entered(node):
    """The beginning of a command that runs in the node's namespace, in the mounts of the host."""
    return ["nsenter", f"--net=/run/netns/{namespace(node)}", "--"]


def run(*command, text=None, check=True):
    """Runs a tool; its words are the error."""
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def why_not():
    """Why there can be no namespaces here; None: there can."""
    if os.geteuid() != 0:
        return "it needs root, for network namespaces"
    missing = [tool for tool in ("ip", "nft", "nsenter") if not shutil.which(tool)]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: iproute2 nftables util-linux)"
    tries = (
        ("network namespaces", "ip netns add drills-try", "ip netns del drills-try"),
        ("bridges", "ip link add drills-try type bridge", "ip link del drills-try"),
        ("nftables for bridges", "nft add table bridge drills_try", "nft delete table bridge drills_try"),
    )
    for what, begin, end in tries:
        tried = run(*begin.split(), check=False)
        run(*end.split(), check=False)
        if tried.returncode != 0:
            return f"no {what}: {tried.stderr.strip()}"
    return None


class World:
    """The machines 1 to `n`, and which of the links between them are cut."""

    def __init__(self, n):
        assert 1 <= n <= NODES_MAX, f"{n} nodes: 1 to {NODES_MAX}"
        self.nodes = range(1, n + 1)
        self.held = collections.Counter()  # By directed link: how many faults hold it cut.
        self.cuts = set()
        self.changing = threading.RLock()
        self.relay = None  # Set by relay.Relay while it carries the frames.
        self.lock = None

    def __enter__(self):
        if (why := why_not()) is not None:
            raise Unable(why)
        self.lock = taken_lock()
        clear()
        try:
            self.build()
        except BaseException:
            clear()
            raise
        return self

    def __exit__(self, *_):
        clear()
        self.lock.close()

    def build(self):
        host = [
            f"link add {BRIDGE} type bridge stp_state 0",
            f"link set {BRIDGE} address {mac(HOST)}",
            f"addr add {address(HOST)}/24 dev {BRIDGE}",
            f"link set {BRIDGE} up",
        ]
        for node in self.nodes:
            host += [
                f"netns add {namespace(node)}",
                f"link add {veth(node)} type veth peer name eth0 netns {namespace(node)}",
                f"link set {veth(node)} master {BRIDGE} up",
                f"neigh replace {address(node)} lladdr {mac(node)} dev {BRIDGE} nud permanent",
            ]
        batch(host)
        for node in self.nodes:
            batch(self.inside(node), "-n", namespace(node))
        rules = (
            f"add table bridge {TABLE}\n"
            f"add set bridge {TABLE} cuts {{ type ifname . ifname; }}\n"
            f"add chain bridge {TABLE} links {{ type filter hook forward priority 0; }}\n"
            f"add rule bridge {TABLE} links iifname . oifname @cuts drop\n"
        )
        run("nft", "-f", "-", text=rules)

    def inside(self, node):
        """What the namespace of a node holds."""
        others = [HOST, *(other for other in self.nodes if other != node)]
        return [
            "link set lo up",
            f"link set eth0 address {mac(node)} up",
            f"addr add {address(node)}/24 dev eth0",
            *(
                f"neigh replace {address(other)} lladdr {mac(other)} dev eth0 nud permanent"
                for other in others
            ),
        ]

    def cut(self, links):
        """Cuts directed links, `(from, to)`, at once."""
        self.hold(links, 1)

    def mend(self, links):
        """The opposite. A link that something else holds cut stays so."""
        self.hold(links, -1)

    def heal(self):
        with self.changing:
            self.held.clear()
            self.change(set())

    def hold(self, links, step):
        with self.changing:
            for link in set(links):
                self.held[link] = max(0, self.held[link] + step)
            self.change({link for link, count in self.held.items() if count})

    def change(self, cuts):
        gone, new = self.cuts - cuts, cuts - self.cuts
        text = "".join(
            f"{verb} element bridge {TABLE} cuts {{ {pairs} }}\n"
            for verb, pairs in (("delete", named(gone)), ("add", named(new)))
            if pairs
        )
        if text:
            run("nft", "-f", "-", text=text)
        self.cuts = cuts
        if self.relay is not None:
            self.relay.cut(cuts)

    def links(self):
        """Every directed link between two nodes."""
        return [(a, b) for a in self.nodes for b in self.nodes if a != b]

    def between(self, these, those):
        """The links between two groups, both ways."""
        return [link for a in these for b in those for link in ((a, b), (b, a))]

    def around(self, node):
        """Every link of a node to other nodes, both ways."""
        return self.between([node], [other for other in self.nodes if other != node])


def taken_lock():
    """Names and addresses are those of the machine: one run at a time. Waits for another to end."""
    lock, deadline = open(LOCK, "w"), time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if deadline < time.monotonic():
                lock.close()
                raise Unable(f"another run of the drills holds {LOCK} for {LOCK_WAIT_S} s") from None
            time.sleep(0.5)


def named(links):
    return ", ".join(f'"{veth(a)}" . "{veth(b)}"' for a, b in sorted(links))


def batch(lines, *options):
    """Several commands of ip(8) in one process."""
    run("ip", *options, "-batch", "-", text="\n".join(lines) + "\n")


def clear():
    """Removes what this or an earlier run has built. Processes in the namespaces are killed first."""
    for node in range(1, NODES_MAX + 1):
        if not os.path.exists(f"/run/netns/{namespace(node)}"):
            continue
        # Only processes of this suite enter these namespaces.
        for pid in run("ip", "netns", "pids", namespace(node), check=False).stdout.split():
            try:
                os.kill(int(pid), 9)
            except ProcessLookupError:
                pass
        run("ip", "netns", "del", namespace(node), check=False)
    links = run("ip", "-br", "link", check=False).stdout.split("\n")
    for name in (line.split("@")[0].split(" ")[0] for line in links):
        if name == BRIDGE or (name[:3] in ("drv", "drt", "drb") and name[3:].isdigit()):
            run("ip", "link", "del", name, check=False)
    run("nft", "delete", "table", "bridge", TABLE, check=False)
