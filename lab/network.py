"""The lab's networks: one bridge per network, and the NICs of the nodes in them.

A container has a namespace and veth pairs into it; a virtual machine has tap devices.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import settings
from .settings import Node
from .shell import run


def up(nodes: Iterable[Node]) -> None:
    """Make bridges, namespaces and NICs; what exists already is left alone."""
    links = _links()
    for bridge in settings.BRIDGES:
        if bridge not in links:
            run(["ip", "link", "add", bridge, "type", "bridge"])
        run(["ip", "link", "set", bridge, "up"])
    run(["ip", "address", "replace", f"{settings.GATEWAY}/24", "dev", settings.BRIDGES[0]])
    for node in nodes:
        if not node.machine and node.netns not in _namespaces():
            run(["ip", "netns", "add", node.netns])
        for inside, outside, bridge, _address in node.nics():
            if outside not in links:
                if node.machine:
                    run(["ip", "tuntap", "add", "dev", outside, "mode", "tap"])
                else:
                    run(["ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", node.netns])
            run(["ip", "link", "set", outside, "master", bridge, "up"])


def remove(node: Node) -> None:
    """Take a node's NICs and namespace away (Cilium's links, rules and programs go with it)."""
    if not node.machine:
        run(["ip", "netns", "delete", node.netns], check=False)
    for _inside, outside, _bridge, _address in node.nics():
        run(["ip", "link", "delete", outside], check=False)


def down() -> None:
    """Remove every link and namespace of the lab."""
    for node in settings.EVERY_NODE:
        remove(node)
    for bridge in settings.BRIDGES:
        run(["ip", "link", "delete", bridge], check=False)


def _links() -> set[str]:
    lines = run(["ip", "-o", "link", "show"]).splitlines()
    return {line.split(": ")[1].split("@")[0] for line in lines}


def _namespaces() -> set[str]:
    return {line.split()[0] for line in run(["ip", "netns", "list"]).splitlines() if line}
