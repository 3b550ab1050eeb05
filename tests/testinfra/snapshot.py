"""Writes what kubectl and helm see now, for a later comparison: `pytest snapshot.py` in a scenario's prepare.yml."""

from __future__ import annotations

import json
import os
from pathlib import Path

KINDS = "networkpolicies.networking.k8s.io,ciliumnetworkpolicies.cilium.io,ciliumclusterwidenetworkpolicies.cilium.io"


def policies(read):
    """Identity and content of every policy."""
    return sorted(
        [item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"], item["metadata"]["uid"]]
        + [json.dumps(item["spec"], sort_keys=True)]
        for item in read(KINDS, "--all-namespaces")
    )


def crds(read):
    """Name and identity of Cilium's CRDs."""
    return sorted(
        [item["metadata"]["name"], item["metadata"]["uid"]]
        for item in read("customresourcedefinitions")
        if item["spec"]["group"] == "cilium.io"
    )


def workload_pods(read):
    """Identity of the pods that no change of Cilium may restart."""
    return sorted(item["metadata"]["uid"] for item in read("pods", "-n", "shop"))


def test_take_the_snapshot(read, helm):
    taken = {
        "policies": policies(read),
        "crds": crds(read),
        "workload_pods": workload_pods(read),
        "values": helm("get", "values", "cilium"),
        "revision": helm("history", "cilium")[-1]["revision"],
        "config": read("configmap", "cilium-config", "-n", "kube-system")["data"],
    }
    assert taken["policies"]
    assert len(taken["crds"]) >= 10
    path = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "before.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(taken))
