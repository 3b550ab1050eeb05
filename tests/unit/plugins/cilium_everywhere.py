# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cilium in a MemoryCluster, as EKS Anywhere or Helm installs it, among objects of others."""

from __future__ import annotations

import yaml
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import helm_release

PART = {"app.kubernetes.io/part-of": "cilium"}
CORE, APPS, RBAC = "/api/v1", "/apis/apps/v1", "/apis/rbac.authorization.k8s.io/v1"
SYSTEM = "namespaces/kube-system"
OWN = {
    f"{APPS}/{SYSTEM}/daemonsets/cilium": PART,
    f"{APPS}/{SYSTEM}/deployments/cilium-operator": PART,
    f"{APPS}/{SYSTEM}/deployments/hubble-relay": {},
    f"{CORE}/{SYSTEM}/configmaps/cilium-config": {},
    f"{CORE}/{SYSTEM}/secrets/cilium-ca": {},
    f"{CORE}/{SYSTEM}/serviceaccounts/cilium": {},
    f"{CORE}/{SYSTEM}/services/hubble-peer": PART,
    f"{CORE}/{SYSTEM}/services/cilium-of-a-later-chart": PART,
    f"{RBAC}/clusterroles/cilium": PART,
    f"{RBAC}/clusterrolebindings/cilium": PART,
    f"{RBAC}/namespaces/cilium-secrets/roles/cilium-tlsinterception-secrets": PART,
    f"{CORE}/namespaces/cilium-secrets": PART,
}
NOTED = (
    "/apis/cilium.io/v2/namespaces/shop/ciliumendpoints/web",
    "/apis/cilium.io/v2/ciliumnodes/w1",
    "/apis/cilium.io/v2/ciliumidentities/7",
)
OTHERS = (
    f"{APPS}/{SYSTEM}/daemonsets/kube-proxy",
    f"{CORE}/{SYSTEM}/configmaps/coredns",
    f"{CORE}/namespaces/shop/configmaps/cilium-config",
    f"{CORE}/namespaces/shop",
    f"{RBAC}/clusterroles/admin",
    "/apis/cilium.io/v2/namespaces/shop/ciliumnetworkpolicies/web",
)
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RELEASE = f"{CORE}/{SYSTEM}/secrets/sh.helm.release.v1.cilium.v3"


def item(path, labels=None, **more):
    """An object at a path, with what an API server adds."""
    *_rest, name = path.split("/")
    metadata = {"name": name, "labels": dict(labels or {}), "uid": f"uid-{name}", "resourceVersion": "7"}
    if "/namespaces/" in path.rpartition("/")[0]:
        metadata["namespace"] = path.split("/namespaces/")[1].split("/")[0]
    return {"metadata": metadata, **more}


def objects(release=False):
    """Everything by path."""
    found = {path: item(path, labels) for path, labels in OWN.items()}
    found |= {path: item(path) for path in (*NOTED, *OTHERS)}
    found |= {f"{CRDS}/{name}": item(f"{CRDS}/{name}") for name in ("ciliumnodes.cilium.io", "other.example.com")}
    found[f"{CORE}/{SYSTEM}/services/hubble-peer"]["spec"] = {"clusterIP": "10.96.0.7", "ports": []}
    found[f"{APPS}/{SYSTEM}/daemonsets/cilium"]["status"] = {"numberReady": 3}
    template = {"metadata": {"labels": {"k8s-app": "cilium"}}, "spec": {"containers": []}}
    found[f"{APPS}/{SYSTEM}/daemonsets/cilium"]["spec"] = {"template": template}
    for name, notes, taints in (
        ("w1", {"network.cilium.io/ipv4-cilium-host": "10.0.0.1", "kubeadm": "x"}, []),
        ("w2", {}, [{"key": "node.cilium.io/agent-not-ready", "effect": "NoExecute"}, {"key": "other"}]),
        ("w3", {"kubeadm": "x"}, [{"key": "other"}]),
    ):
        found[f"{CORE}/nodes/{name}"] = {
            "metadata": {"name": name, "annotations": notes},
            "spec": {"taints": taints},
        }
    pod = f"{CORE}/namespaces/shop/pods/web"
    found[pod] = item(pod, spec={"nodeName": "w1"}, status={"phase": "Running"})
    if release:
        found[RELEASE] = helm_release()
        extra = f"{CORE}/{SYSTEM}/configmaps/of-the-release"
        found[extra] = item(extra)
    return found


def manifest(*names):
    """A release's manifest of ConfigMaps."""
    return yaml.safe_dump_all([{"kind": "ConfigMap", "metadata": {"name": name}} for name in names])
