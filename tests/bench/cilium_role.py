# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role against what a careful operator types: pull the images, helm upgrade with full values, two rollout status.

Both migrate the practice cluster from its start state, with the same values and the same maxUnavailable, while
numbered packets run between the nodes. Then what a run costs that has nothing to change: the whole play, and
cilium_plan beside one kubernetes.core.helm task with the same values.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _common import CHECKOUT, INVENTORY, goal, lab, play, timed

HERE = Path(__file__).resolve().parent
VERSION = "1.17.6-0"
IMAGES = tuple(f"public.ecr.aws/eks/cilium/{name}:v{VERSION}" for name in ("cilium", "operator-generic"))
CHART = "oci://172.30.0.1:5000/eks/cilium/cilium"
NODES = ("cp1", "w1", "w2")
ROUNDS = 5
BARE = """
set -eu
for node in {nodes}; do
  ssh -F {ssh} "$node" 'for image in {images}; do
    sudo ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d "$image" > /dev/null; done' &
  pulls="${{pulls:-}} $!"
done
for pull in $pulls; do wait "$pull"; done
helm upgrade cilium {chart} --plain-http --version {version} --namespace kube-system --values {values} > /dev/null
kubectl -n kube-system rollout status daemonset/cilium > /dev/null
kubectl -n kube-system rollout status deployment/cilium-operator > /dev/null
"""


def full_values(found: dict[str, str]) -> dict[str, Any]:
    """The release's own values as an operator would carry them over by hand: without images, with AWS's settings."""
    words = [found["HELM"], "get", "values", "cilium", "-n", "kube-system", "-o", "json"]
    values = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    values.pop("image")
    values["operator"].pop("image")
    for part in (values, values["operator"], values.setdefault("preflight", {})):
        part["image"] = {"useDigest": False}
    values |= {"ingressController": {"enabled": False}, "loadBalancer": {"l7": {"backend": "none"}}}
    return values


def migrate(command: list[str]) -> tuple[float, dict[str, Any]]:
    """Reset the cluster, run the command beside the flows, and return its seconds and the flows' figures."""
    subprocess.run([sys.executable, "-m", "lab", "reset"], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        extra = json.dumps({"bench_command": command, "bench_result": str(result)})
        words = ["ansible-playbook", "-i", str(INVENTORY), "-e", extra, str(HERE / "cilium_role.yml")]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{done.stdout}{done.stderr}")
        told = json.loads(result.read_text())
    hours, minutes, seconds = told["delta"].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds), told["flows"]


def migration(found: dict[str, str], folder: Path) -> None:
    """Compare the two migrations."""
    values = folder / "values.json"
    subprocess.run([sys.executable, "-m", "lab", "reset"], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    values.write_text(json.dumps(full_values(found)))
    bare = BARE.format(
        nodes=" ".join(NODES),
        ssh=found["LAB_SSH_CONFIG"],
        images=" ".join(IMAGES),
        chart=CHART,
        version=VERSION,
        values=values,
    )
    path = f"{Path(found['HELM']).parent}:{Path(found['KUBECTL']).parent}"
    by_hand, lost_by_hand = migrate(
        ["env", f"KUBECONFIG={found['KUBECONFIG']}", "sh", "-c", f'PATH="{path}:$PATH"; {bare}']
    )
    by_role, lost = migrate(["ansible-playbook", "-i", str(INVENTORY), str(CHECKOUT / "playbooks" / "cilium.yml")])
    ratio = by_role / by_hand
    goal(f"migration: by hand {by_hand:.1f} s, role {by_role:.1f} s, ratio {ratio:.2f} (at most 1.3)", ratio <= 1.3)
    text = "packets lost: by hand {} of {}, role {} of {}".format(
        lost_by_hand["lost"], lost_by_hand["sent"], lost["lost"], lost["sent"]
    )
    goal(text, lost["lost"] <= lost_by_hand["lost"])


def nothing_to_change(found: dict[str, str], folder: Path) -> None:
    """Compare what it costs to find that nothing is to change."""
    again = [timed(["ansible-playbook", "-i", str(INVENTORY), "playbooks/cilium.yml"]) for _round in range(ROUNDS)]
    text = f"second run of cilium.yml: median {statistics.median(again):.1f} s of {ROUNDS} (at most 8)"
    goal(text, statistics.median(again) <= 8)
    common = {"chart_ref": CHART, "chart_version": VERSION, "plain_http": True}
    words = [found["HELM"], "get", "values", "cilium", "-n", "kube-system", "-o", "json"]
    values = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    helm = {
        "kubernetes.core.helm": {
            **common,
            "kubeconfig": found["KUBECONFIG"],
            "binary_path": found["HELM"],
            "release_name": "cilium",
            "release_namespace": "kube-system",
            "values": values,
        }
    }
    plan = {
        "eks_anywhere.network.cilium_plan": {
            "chart_ref": CHART,
            "chart_version": VERSION,
            "chart_plain_http": True,
            "kubeconfig": found["KUBECONFIG"],
            "helm_binary": found["HELM"],
        }
    }
    one, other = play(folder, "plan", plan), play(folder, "helm", helm)
    pairs = [(timed(one), timed(other)) for _round in range(ROUNDS)]
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    text = f"cilium_plan {mine:.2f} s, kubernetes.core.helm {theirs:.2f} s, ratio {ratio:.2f}, {ROUNDS} pairs"
    goal(f"{text} (at most 1)", ratio <= 1)


if __name__ == "__main__":
    environment = lab()
    os.environ["KUBECONFIG"] = environment["KUBECONFIG"]
    with tempfile.TemporaryDirectory() as directory:
        migration(environment, Path(directory))
        nothing_to_change(environment, Path(directory))
