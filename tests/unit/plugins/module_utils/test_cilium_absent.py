# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of Cilium goes and nothing else, in an order that can be broken off, with a release and without."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_absent, helm_release
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_absent import Request
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_everywhere as everywhere
from ansible_collections.eks_anywhere.network.tests.unit.plugins.memory_cluster import MemoryCluster


@pytest.fixture(params=[False, True], ids=["manifest", "release"])
def cluster(request):
    objects = everywhere.objects(release=request.param)
    if request.param:
        content = helm_release.decode(objects[everywhere.RELEASE], "it")
        content["manifest"] = everywhere.manifest("of-the-release", "not-there-any-more")
        objects[everywhere.RELEASE]["data"]["release"] = helm_release.encode(content)
    return MemoryCluster(objects)


def remove(cluster, request=None):
    request = request or Request(allow_in_use=True)
    found = cilium_absent.find(cluster, request)
    cilium_absent.check(cluster, request, found)
    cilium_absent.remove(cluster, request, found, sleep=lambda _seconds: None)
    return found.names()


def kept(cluster):
    return {path for path in cluster.objects if "/nodes/" not in path}


def test_all_of_cilium_goes_and_nothing_else(cluster):
    release = everywhere.RELEASE in cluster.objects
    names = remove(cluster)
    pods = {"/api/v1/namespaces/shop/pods/web"}
    crds = {path for path in cluster.objects if path.startswith(everywhere.CRDS)}
    assert kept(cluster) == {*everywhere.OTHERS, *pods, *crds}
    assert len(crds) == 2
    assert "DaemonSet kube-system/cilium" in names
    assert "Service kube-system/cilium-of-a-later-chart" in names
    assert ("ConfigMap kube-system/of-the-release" in names) is release
    assert ("Secret kube-system/sh.helm.release.v1.cilium.v3" in names) is release
    assert "CiliumIdentity 7" in names


def test_the_order(cluster):
    remove(cluster)
    order = [entry.split("/")[-1] for entry in cluster.log]
    assert order.index("cilium-operator") < order.index("cilium") < order.index("cilium-config") < order.index("web")
    assert order.index("web") < order.index("w1")
    if "sh.helm.release.v1.cilium.v3" in order:
        assert order[-1] == "sh.helm.release.v1.cilium.v3"


def test_marks_on_nodes_go(cluster):
    remove(cluster)
    node = cluster.objects["/api/v1/nodes/w1"]
    assert node["metadata"]["annotations"] == {"network.cilium.io/ipv4-cilium-host": None}
    node = cluster.objects["/api/v1/nodes/w2"]
    assert node["spec"]["taints"] == [{"key": "node.cilium.io/agent-not-ready", "$patch": "delete"}]
    assert node["content_type"] == "application/strategic-merge-patch+json"
    assert not [entry for entry in cluster.log if entry.endswith("nodes/w3")]


def test_crds_go_only_when_they_shall(cluster):
    remove(cluster, Request(allow_in_use=True, remove_crds=True))
    assert [path.rpartition("/")[2] for path in cluster.objects if path.startswith(everywhere.CRDS)] == [
        "other.example.com"
    ]


def test_a_second_run_finds_nothing(cluster):
    remove(cluster)
    for path in [path for path in cluster.objects if "/nodes/" in path]:
        del cluster.objects[path]
    assert remove(cluster) == []


def test_broken_off_anywhere_the_next_run_ends_it(cluster):
    whole = MemoryCluster(cluster.objects)
    remove(whole)
    for moment in range(len(whole.log)):
        broken = MemoryCluster(copy.deepcopy(cluster.objects))
        broken.stop_after = moment
        with pytest.raises(KeyboardInterrupt):
            remove(broken)
        broken.stop_after = None
        remove(broken)
        assert kept(broken) == kept(whole), moment


def test_agents_whose_pods_do_not_end_keep_the_rest(cluster):
    path = next(path for path in everywhere.OWN if path.endswith("daemonsets/cilium"))
    cluster.stays.add(path)
    with pytest.raises(NetworkError, match=r"wait_timeout: not gone within -1 seconds: DaemonSet kube-system/cilium"):
        remove(cluster, Request(allow_in_use=True, timeout=-1))
    assert "/api/v1/namespaces/kube-system/configmaps/cilium-config" in cluster.objects


def test_a_namespace_that_does_not_end_is_waited_for(cluster):
    cluster.stays.add("/api/v1/namespaces/cilium-secrets")
    with pytest.raises(NetworkError, match="Namespace cilium-secrets"):
        remove(cluster, Request(allow_in_use=True, timeout=-1))


def test_connected_pods_are_a_problem(cluster):
    before = dict(cluster.objects)
    with pytest.raises(NetworkError, match=r"pods run that have their network from Cilium \(found 1: 1 in shop\)"):
        remove(cluster, Request())
    assert cluster.objects == before


def test_all_lacking_permissions_at_once(cluster):
    cluster.denied = {("delete", "daemonsets"), ("delete", "ciliumnodes"), ("patch", "nodes")}
    with pytest.raises(Forbidden) as caught:
        remove(cluster)
    assert len(caught.value.problems) == 3
    assert cluster.log == []
