# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster objects of EKS Anywhere and of Cluster API for tests."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere, eksa_cluster

PATH = "/apis/anywhere.eks.amazonaws.com/v1alpha1/namespaces/default/clusters/mgmt"
CAPI = "/apis/cluster.x-k8s.io/v1beta2/namespaces/eksa-system/clusters/mgmt"
SKIPPED = {
    "type": "DefaultCNIConfigured",
    "status": "False",
    "reason": "SkipUpgradesForDefaultCNIConfigured",
    "message": "Configured to skip default Cilium CNI upgrades",
}
READY = {"type": "Ready", "status": "True"}
CNI = {"type": "DefaultCNIConfigured", "status": "True"}


def eksa(cilium=None, version="v0.24.1", generation=1, annotations=(eks_anywhere.ANNOTATION,), status=None):
    """A Cluster of EKS Anywhere that is reconciled."""
    reconciled = {"observedGeneration": generation, "reconciledGeneration": generation, "conditions": [READY, CNI]}
    network = {"cniConfig": {"cilium": {} if cilium is None else cilium}}
    return {
        "metadata": {
            "name": "mgmt",
            "namespace": "default",
            "generation": generation,
            "annotations": annotations if isinstance(annotations, dict) else dict.fromkeys(annotations, ""),
        },
        "spec": {"eksaVersion": version, "managementCluster": {"name": "mgmt"}, "clusterNetwork": network},
        "status": reconciled if status is None else status,
    }


def capi(paused=None, annotations=()):
    """A Cluster of Cluster API."""
    spec = {} if paused is None else {"paused": paused}
    return {"metadata": {"name": "mgmt", "annotations": dict.fromkeys(annotations, "true")}, "spec": spec}


def serve(api, item, machines=None):
    """Serve both objects; patches of the spec count its generation up, as an API server does."""
    api.objects[PATH] = item
    api.lists[eks_anywhere.CLUSTERS] = [item]
    api.objects["/apis/cluster.x-k8s.io"] = {"preferredVersion": {"version": "v1beta2"}}
    if machines is not None:
        api.objects[CAPI] = machines


def found(item, machines=None):
    """What ``eksa_cluster.find`` returns."""
    return eksa_cluster.Found(PATH, item, CAPI if machines else "", machines)
