"""Writes what each node's network is, for a later comparison: `pytest host_snapshot.py` in a scenario's prepare.yml."""

from __future__ import annotations

import json

from conftest import NODES
from hosts import connect, state


def test_take_the_snapshot(lab, scenario):
    scenario.mkdir(parents=True, exist_ok=True)
    (scenario / "hosts.json").write_text(json.dumps({name: state(connect(lab, name)) for name in NODES}))
