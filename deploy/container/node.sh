#!/bin/bash
# One node in a container that is started again whatever happens: Kubernetes does not know a container
# that must stay down, and a replica that stopped itself must not be started blindly.
#
#   plimsoll-node place   puts the files of this pod's node onto its volume; refuses an emptied volume
#   plimsoll-node run     runs the node; when it has stopped itself, leaves the mark `stopped` and waits
#   plimsoll-node alive   for probes: the node answers, or waits for a person on purpose
#
# While it waits the container runs and can be entered. Whoever has read why, and means it, removes the
# mark: the node is started again. What a divergence has left beside the log keeps it down all the same.
set -euo pipefail

home=${PLIMSOLL_HOME:-/var/lib/plimsoll}
# The Secret: node-N.FILE for each file of each node; and the ConfigMap, see cluster.yaml.
fleet=${PLIMSOLL_FLEET:-/etc/plimsoll/fleet}
nodes=${PLIMSOLL_NODES:-/etc/plimsoll/nodes}
port=${PLIMSOLL_API_PORT:-8080}

say() {
    echo "plimsoll-node: $*" >&2
}

refuse() {
    say "$*"
    exit 1
}

place() {
    local node kept file
    [ -s "$nodes/$POD_NAME" ] || refuse "the ConfigMap names no node for the pod $POD_NAME"
    node=$(<"$nodes/$POD_NAME")
    if [ -e "$home/node" ]; then
        kept=$(<"$home/node")
        [ "$kept" = "$node" ] ||
            refuse "this volume is that of node $kept, and $POD_NAME is node $node now: a new number" \
                "begins on a new volume"
    elif ! grep -qw -- "$node" "$nodes/may_begin_empty"; then
        refuse "the volume of node $node is empty. A node that lost its log has forgotten whom it voted" \
            "for, and does not come back under its number: it is replaced. If it is new, name it in" \
            "may_begin_empty"
    fi
    mkdir -p "$home/data"
    for file in plimsoll.toml ca.pem node.pem node.key; do
        install -m 600 "$fleet/node-$node.$file" "$home/$file"
    done
    # These change while the node runs: what is there stays.
    for file in keys.json notice.pem; do
        [ -e "$home/data/$file" ] || install -m 600 "$fleet/node-$node.$file" "$home/data/$file"
        # A volume that is mounted for a group may have widened it, and then it is refused.
        chmod 600 "$home/data/$file"
    done
    echo "$node" >"$home/node"
    sync "$home/node" "$home"
}

has_diverged() {
    compgen -G "$home/data/*/divergence-*" >/dev/null
}

# Waits until a person has removed the mark.
wait_for_person() {
    say "it stays down: $(head -n 1 "$home/stopped"). Read the last lines of the node before, then" \
        "remove $home/stopped, or replace the node"
    trap 'exit 0' TERM INT
    while [ -e "$home/stopped" ]; do
        sleep 5 &
        wait $!
    done
    exit 0
}

run() {
    local pid code=0
    cd "$home"
    if has_diverged; then
        echo "its state differs from that of a majority: see data/*/divergence-*" >stopped
    fi
    [ ! -e stopped ] || wait_for_person
    plimsoll serve --config plimsoll.toml &
    pid=$!
    trap 'kill -TERM "$pid" 2>/dev/null || true' TERM INT
    wait "$pid" || code=$?
    # A signal ends the first wait, not the node.
    while kill -0 "$pid" 2>/dev/null; do
        code=0
        wait "$pid" || code=$?
    done
    # 0: stopped cleanly. Above 128: killed from outside. Started again, after both.
    if [ "$code" -ne 0 ] && [ "$code" -le 128 ]; then
        echo "it stopped itself with exit code $code at $(date -u +%FT%TZ)" >stopped
        wait_for_person
    fi
    exit "$code"
}

alive() {
    local status
    [ ! -e "$home/stopped" ] || return 0
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /status.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    read -r status <&3
    [[ $status == *" 200 "* ]]
}

case ${1:-} in
    place | run | alive) "$1" ;;
    *) refuse "say place, run or alive" ;;
esac
