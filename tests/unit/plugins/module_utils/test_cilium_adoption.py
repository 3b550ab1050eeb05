# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS Anywhere's Cilium becomes a release only where its values, and the user's, explain all that runs."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_adoption
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_adoption import (
    MANAGED_BY,
    RELEASE_NAME,
    RELEASE_NAMESPACE,
    Request,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_objects, eksa_objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.memory_cluster import MemoryCluster

SYSTEM = "/namespaces/kube-system"
AGENTS = f"/apis/apps/v1{SYSTEM}/daemonsets/cilium"
OPERATORS = f"/apis/apps/v1{SYSTEM}/deployments/cilium-operator"
CONFIG = f"/api/v1{SYSTEM}/configmaps/cilium-config"
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/cilium"
AGENT_IMAGE = "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
OPERATOR_IMAGE = "public.ecr.aws/eks/cilium/operator-generic:v1.17.6-0"
VALUES = {"tunnelProtocol": "vxlan"}
REQUEST = Request("cilium", "kube-system", "oci://x/cilium", None, VALUES)


def workload(kind, name, container, image):
    template = {
        "metadata": {"labels": {"k8s-app": name}},
        "spec": {"containers": [{"name": container, "image": image}]},
    }
    spec = {"selector": {"matchLabels": {"k8s-app": name}}, "template": template}
    return {"kind": kind, "metadata": {"name": name, "namespace": "kube-system"}, "spec": spec}


def objects(tunnel="vxlan", agent=AGENT_IMAGE):
    """What EKS Anywhere applied."""
    return {
        AGENTS: workload("DaemonSet", "cilium", "cilium-agent", agent),
        OPERATORS: workload("Deployment", "cilium-operator", "cilium-operator", OPERATOR_IMAGE),
        CONFIG: {
            "kind": "ConfigMap",
            "metadata": {"name": "cilium-config", "namespace": "kube-system"},
            "data": {"tunnel-protocol": tunnel},
        },
        ROLE: {"kind": "ClusterRole", "metadata": {"name": "cilium"}},
    }


class Helm:
    """Renders what its values say."""

    def __init__(self, *more):
        self.more, self.values, self.pulled = more, None, None

    def pull(self, ref, version, _dest):
        self.pulled = (ref, version)
        return SimpleNamespace(version=version)

    def template(self, _chart, _release, _namespace, values, _kube_version):
        self.values = values
        image = f"{values['image']['repository']}:{values['image']['tag']}"
        rendered = objects(values["tunnelProtocol"], image)
        return [*copy.deepcopy(list(rendered.values())), *self.more]


class Live(MemoryCluster):
    """The cluster."""

    def server_version(self):
        return "1.33.4"


@pytest.fixture
def cluster():
    return Live(objects())


def eksa(**fields):
    return eksa_objects.found(eksa_objects.eksa(fields or None))


def test_everything_is_marked_and_nothing_else_changes(cluster):
    helm = Helm()
    found = cilium_adoption.find(cluster, helm, REQUEST, eksa())
    assert (found.install, found.chart_version) == (True, "1.17.6-0")
    assert set(found.patches) == {AGENTS, OPERATORS, CONFIG, ROLE}
    assert helm.pulled == ("oci://x/cilium", "1.17.6-0")
    cilium_adoption.adopt(cluster, REQUEST, found)
    assert len(cluster.log) == 4
    for path in found.patches:
        metadata = cluster.objects[path]["metadata"]
        assert metadata["labels"] == {MANAGED_BY: "Helm"}
        assert metadata["annotations"] == {RELEASE_NAME: "cilium", RELEASE_NAMESPACE: "kube-system"}
        assert cluster.objects[path].get("spec") == objects()[path].get("spec")
    again = cilium_adoption.find(cluster, helm, REQUEST, eksa())
    assert (again.install, again.patches) == (True, ())


def test_the_values_are_eks_anywheres_then_the_users(cluster):
    values = cilium_adoption.find(cluster, Helm(), REQUEST, eksa(cniExclusive=False)).values
    assert values["cni"] == {"chainingMode": "portmap", "exclusive": False}
    assert values["tunnelProtocol"] == "vxlan"
    assert values["image"] == {
        "repository": "public.ecr.aws/eks/cilium/cilium",
        "tag": "v1.17.6-0",
        "useDigest": False,
    }
    assert values["operator"]["image"]["repository"] == "public.ecr.aws/eks/cilium/operator"
    assert values["operator"]["prometheus"] == {"enabled": True}


def test_helm_values_of_the_cluster_are_all_there_is():
    given = {"tunnelProtocol": "vxlan"}
    assert cilium_adoption.values_of(eksa(helmValues=given), AGENT_IMAGE, OPERATOR_IMAGE) == given


@pytest.mark.parametrize(
    ("count", "groups", "replicas"), [(1, [], 1), (1, [{"name": "md-0"}], None), (3, [], None), (None, [], None)]
)
def test_one_operator_on_a_single_node(count, groups, replicas):
    item = eksa_objects.eksa()
    item["spec"] |= {"controlPlaneConfiguration": {"count": count}, "workerNodeGroupConfigurations": groups}
    values = cilium_adoption.values_of(eksa_objects.found(item), AGENT_IMAGE, OPERATOR_IMAGE)
    assert values["operator"].get("replicas") == replicas


def test_an_unexplained_key_is_refused(cluster):
    request = Request("cilium", "kube-system", "oci://x/cilium", None, {})
    with pytest.raises(NetworkError, match=r"cilium-config.tunnel-protocol: .*runs vxlan, would be geneve"):
        cilium_adoption.find(cluster, Helm(), request, eksa())
    assert cluster.log == []


def test_another_image_is_refused(cluster):
    values = {**VALUES, "image": {"tag": "v9"}}
    request = Request("cilium", "kube-system", "oci://x/cilium", None, values)
    with pytest.raises(NetworkError, match="workload cilium: has other images"):
        cilium_adoption.find(cluster, Helm(), request, eksa())


@pytest.mark.parametrize(
    ("live", "rendered", "said"),
    [
        ({}, [workload("DaemonSet", "cilium-envoy", "cilium-envoy", "e")], "cilium-envoy: would be made anew"),
        (
            {f"/apis/apps/v1{SYSTEM}/daemonsets/cilium-envoy": workload("DaemonSet", "cilium-envoy", "e", "e")},
            [],
            "cilium-envoy: runs and would not be of the release",
        ),
    ],
)
def test_a_workload_too_many_is_refused(cluster, live, rendered, said):
    cluster.objects |= live
    with pytest.raises(NetworkError, match=said):
        cilium_adoption.find(cluster, Helm(*rendered), REQUEST, eksa())


def test_hooks_are_not_taken_over(cluster):
    hook = {"kind": "Job", "metadata": {"name": "certs", "annotations": {"helm.sh/hook": "post-install"}}}
    cluster.objects["/apis/batch/v1/namespaces/kube-system/jobs/certs"] = copy.deepcopy(hook)
    assert len(cilium_adoption.find(cluster, Helm(hook), REQUEST, eksa()).patches) == 4


def test_what_is_not_there_yet_is_helms_to_make(cluster):
    extra = {"kind": "ConfigMap", "metadata": {"name": "new"}}
    assert len(cilium_adoption.find(cluster, Helm(extra), REQUEST, eksa()).patches) == 4


def test_an_object_of_another_release_is_refused(cluster):
    cluster.objects[ROLE]["metadata"]["annotations"] = {RELEASE_NAME: "other", RELEASE_NAMESPACE: "kube-system"}
    with pytest.raises(NetworkError, match="ClusterRole cilium: is of the Helm release other"):
        cilium_adoption.find(cluster, Helm(), REQUEST, eksa())


def test_an_unknown_kind_is_refused(cluster):
    monitor = {"kind": "ServiceMonitor", "metadata": {"name": "cilium-agent"}}
    with pytest.raises(NetworkError, match="ServiceMonitor cilium-agent: is of a kind that cannot be taken over"):
        cilium_adoption.find(cluster, Helm(monitor), REQUEST, eksa())


def test_with_a_release_there_is_nothing_to_do(cluster):
    cluster.objects["/api/v1/namespaces/kube-system/secrets/sh.helm.release.v1.cilium.v3"] = (
        cilium_objects.helm_release()
    )
    found = cilium_adoption.find(cluster, Helm(), REQUEST, eksa())
    assert (found.install, found.patches, found.chart_version) == (False, (), "1.17.6-0")


def test_a_release_that_did_not_come_to_its_end(cluster):
    broken = cilium_objects.helm_release("pending-install", 1)
    cluster.objects["/api/v1/namespaces/kube-system/secrets/sh.helm.release.v1.cilium.v1"] = broken
    with pytest.raises(NetworkError, match="is pending-install"):
        cilium_adoption.find(cluster, Helm(), REQUEST, eksa())


def test_no_cilium_to_take_over():
    with pytest.raises(NetworkError, match="there is no Cilium in kube-system to take over"):
        cilium_adoption.find(Live(), Helm(), REQUEST, eksa())


def test_all_lacking_permissions_at_once(cluster):
    cluster.denied = {("patch", "daemonsets"), ("patch", "clusterroles")}
    with pytest.raises(Forbidden) as caught:
        cilium_adoption.check_access(cluster, REQUEST)
    assert len(caught.value.problems) == 2
