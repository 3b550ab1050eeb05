# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many NetworkAttachmentDefinitions in one call, beside kubectl apply and a loop over kubernetes.core.k8s.

All in a namespace of its own on the practice cluster, which is removed again.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml
from _common import goal, lab, play, timed

NUMBER = 1000
LOOPED = 20
ROUNDS = 3
NAMESPACE = "network-attachments-bench"
KIND = "network-attachment-definitions"
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{KIND}.k8s.cni.cncf.io"},
    "spec": {
        "group": "k8s.cni.cncf.io",
        "scope": "Namespaced",
        "names": {"plural": KIND, "singular": KIND[:-1], "kind": "NetworkAttachmentDefinition"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


def attachments() -> list[dict[str, Any]]:
    """Networks that differ in VLAN and addresses."""
    return [
        {
            "name": f"net-{number}",
            "namespace": NAMESPACE,
            "config": {
                "cniVersion": "0.3.1",
                "type": "macvlan",
                "master": f"eth1.{number}",
                "ipam": {"type": "whereabouts", "range": f"10.{number // 256}.{number % 256}.0/24"},
            },
        }
        for number in range(NUMBER)
    ]


def manifest(attachment: dict[str, Any]) -> dict[str, Any]:
    """The object as one would write it by hand."""
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": attachment["name"], "namespace": attachment["namespace"]},
        "spec": {"config": json.dumps(attachment["config"])},
    }


def fresh(kubectl: str, definition: Path) -> None:
    """An empty namespace, on a cluster that knows the kind."""
    subprocess.run([kubectl, "delete", "namespace", NAMESPACE, "--ignore-not-found"], check=True, capture_output=True)
    known = subprocess.run([kubectl, "get", "crd", f"{KIND}.k8s.cni.cncf.io"], check=False, capture_output=True)
    if known.returncode:
        subprocess.run([kubectl, "create", "-f", str(definition)], check=True, capture_output=True)
    subprocess.run([kubectl, "create", "namespace", NAMESPACE], check=True, capture_output=True)


def main(folder: Path) -> None:
    """Print the ratios of one run."""
    found = lab()
    os.environ["KUBECONFIG"] = found["KUBECONFIG"]
    kubectl = found["KUBECTL"]
    given = attachments()
    definition, file = folder / "definition.json", folder / "networks.yml"
    definition.write_text(json.dumps(DEFINITION))
    file.write_text(yaml.safe_dump_all([manifest(item) for item in given]))
    apply = [kubectl, "apply", "-f", str(file)]
    one = play(
        folder, "attachments", {"eks_anywhere.network.network_attachments": {"attachments": given, "prune": True}}
    )
    task = {
        "kubernetes.core.k8s": {"definition": "{{ item }}"},
        "loop": [manifest(item) for item in given[:LOOPED]],
        "loop_control": {"label": "{{ item.metadata.name }}"},
    }
    loop = play(folder, "loop", task)
    first, again, looped = [], [], []
    for _round in range(ROUNDS):
        fresh(kubectl, definition)
        by_hand = timed(apply)
        by_hand_again = timed(apply)
        fresh(kubectl, definition)
        first.append(timed(one) / by_hand)
        unchanged = timed(one)
        again.append(unchanged / by_hand)
        print(
            f"kubectl apply {by_hand:.1f} s, again {by_hand_again:.1f} s; unchanged call {unchanged:.1f} s", flush=True
        )
        fresh(kubectl, definition)
        looped.append(timed(loop) * NUMBER / LOOPED / by_hand)
    text = f"{NUMBER} networks in one call: {statistics.median(first):.2f} of kubectl apply (at most 1.5)"
    goal(text, statistics.median(first) <= 1.5)
    text = f"the same call again: {statistics.median(again):.2f} of kubectl apply (at most 0.5)"
    goal(text, statistics.median(again) <= 0.5)
    print(f"a loop over kubernetes.core.k8s: {statistics.median(looped):.0f} of kubectl apply, from {LOOPED} networks")
    subprocess.run([kubectl, "delete", "namespace", NAMESPACE], check=True, capture_output=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
