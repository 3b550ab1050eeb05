"""The lab's networks: one bridge per network on the machine, one namespace per node, veth pairs between them."""

from __future__ import annotations

from . import settings
from .settings import Node
from .shell import run


def up() -> None:
    """Make bridges, namespaces and NICs; what exists already is left alone."""
    links = _links()
    for bridge in settings.BRIDGES:
        if bridge not in links:
            run(["ip", "link", "add", bridge, "type", "bridge"])
        run(["ip", "link", "set", bridge, "up"])
    run(["ip", "address", "replace", f"{settings.GATEWAY}/24", "dev", settings.BRIDGES[0]])
    for node in settings.NODES:
        if node.netns not in _namespaces():
            run(["ip", "netns", "add", node.netns])
        for inside, outside, bridge, _address in node.nics():
            if outside not in links:
                peer = ["peer", "name", inside, "netns", node.netns]
                run(["ip", "link", "add", outside, "master", bridge, "type", "veth", *peer])
            run(["ip", "link", "set", outside, "up"])


def renew(node: Node) -> None:
    """Give a node a namespace without leftovers (Cilium's links, rules and programs go with the old one)."""
    run(["ip", "netns", "delete", node.netns], check=False)
    for _inside, outside, _bridge, _address in node.nics():
        run(["ip", "link", "delete", outside], check=False)


def down() -> None:
    """Remove every link and namespace of the lab."""
    for node in settings.NODES:
        renew(node)
    for bridge in settings.BRIDGES:
        run(["ip", "link", "delete", bridge], check=False)


def _links() -> set[str]:
    lines = run(["ip", "-o", "link", "show"]).splitlines()
    return {line.split(": ")[1].split("@")[0] for line in lines}


def _namespaces() -> set[str]:
    return {line.split()[0] for line in run(["ip", "netns", "list"]).splitlines() if line}
