"""Writes down every rule of iptables on every node, for a later comparison: `pytest firewall_snapshot.py`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import probes


def rules(lab):
    """The chains and rules of each node as iptables-save prints them, without comments and counters, sorted."""
    found = {}
    for name in probes.ADDRESSES:
        printed = (
            probes.node(lab, name).run("iptables-save").stdout + probes.node(lab, name).run("ip6tables-save").stdout
        )
        lines = (re.sub(r" \[\d+:\d+\]$", "", line) for line in printed.splitlines() if not line.startswith("#"))
        found[name] = sorted(lines)
    return found


def test_take_the_snapshot(lab):
    taken = rules(lab)
    for lines in taken.values():
        assert any(line.startswith(":KUBE-") for line in lines)
        assert any(line.startswith(":CILIUM_") for line in lines)
    path = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "before.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(taken))
