"""What the doubles did while replace_cni ran on the practice cluster."""

from __future__ import annotations

from pathlib import Path

MARK = "eks-anywhere-lab/replaced"
CLUSTER = "clusters.anywhere.eks.amazonaws.com"
MACHINES = "clusters.cluster.x-k8s.io"
NOTHING = """apiVersion: v1
kind: ConfigMap
metadata: {name: no-cni-at-all, namespace: default}
"""


def with_none(folder):
    """Variables for a CNI that never comes."""
    file = Path(folder) / "nothing.yml"
    file.write_text(NOTHING)
    return {"eksa_cni_custom_manifests": [str(file)], "eksa_cni_max_outage": 60, "eksa_cni_wait_timeout": 120}


def marked(read):
    """The nodes that a machine health check would have replaced."""
    return [node["metadata"]["name"] for node in read("nodes") if MARK in node["metadata"].get("annotations", {})]


def phase(read):
    """How far a run says it is, "" when none began."""
    found = [
        item for item in read("configmaps", "-n", "kube-system") if item["metadata"]["name"].endswith("replace-cni")
    ]
    return found[0]["data"]["phase"] if found else ""
