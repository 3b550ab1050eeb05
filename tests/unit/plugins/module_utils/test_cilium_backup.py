# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was removed comes back as it was, also after a removal that was broken off."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_absent, cilium_backup
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_absent import Request
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_everywhere as everywhere
from ansible_collections.eks_anywhere.network.tests.unit.plugins.memory_cluster import MemoryCluster

NAMESPACE = "kube-system"
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/{cilium_backup.NAME}"


@pytest.fixture(params=[False, True], ids=["manifest", "release"])
def cluster(request):
    return MemoryCluster(everywhere.objects(release=request.param))


def remove(cluster):
    request = Request(allow_in_use=True)
    found = cilium_absent.find(cluster, request)
    if found.items:
        cilium_backup.save(cluster, NAMESPACE, found)
    cilium_absent.remove(cluster, request, found, sleep=lambda _seconds: None)


def bare(objects):
    """Objects without what an API server adds."""
    found = {}
    for path, content in objects.items():
        metadata = {key: content["metadata"].get(key) for key in ("name", "namespace", "labels")}
        spec = {key: value for key, value in (content.get("spec") or {}).items() if key != "clusterIP"}
        found[path] = (metadata, spec, content.get("data"))
    return found


def own(objects):
    return {
        path: content
        for path, content in objects.items()
        if path != SECRET and path not in everywhere.NOTED and "/nodes/" not in path
    }


def test_what_was_removed_comes_back(cluster):
    before = own(cluster.objects)
    remove(cluster)
    cilium_backup.restore(cluster, cilium_backup.missing(cluster, NAMESPACE))
    assert bare(own(cluster.objects)) == bare(before)
    assert cilium_backup.missing(cluster, NAMESPACE) == {}


def test_nothing_of_the_server_comes_back(cluster):
    remove(cluster)
    objects = cilium_backup.missing(cluster, NAMESPACE)
    assert all(not {"uid", "resourceVersion"} & content["metadata"].keys() for content in objects.values())
    assert all("status" not in content for content in objects.values())
    service = objects["/api/v1/namespaces/kube-system/services/hubble-peer"]
    assert service["spec"] == {"ports": []}


def test_a_headless_service_stays_one(cluster):
    path = "/api/v1/namespaces/kube-system/services/hubble-peer"
    cluster.objects[path]["spec"]["clusterIP"] = "None"
    remove(cluster)
    assert cilium_backup.missing(cluster, NAMESPACE)[path]["spec"]["clusterIP"] == "None"


def test_the_order_of_coming_back(cluster):
    remove(cluster)
    kinds = [content["kind"] for content in cilium_backup.missing(cluster, NAMESPACE).values()]
    assert kinds[0] == "Namespace"
    assert kinds[-1] == "Deployment"
    assert kinds.index("ServiceAccount") < kinds.index("ConfigMap") < kinds.index("DaemonSet")


def test_a_removal_that_was_broken_off_loses_nothing(cluster):
    whole = MemoryCluster(cluster.objects)
    remove(whole)
    expected = cilium_backup.missing(whole, NAMESPACE)
    for moment in range(1, len(whole.log)):
        broken = MemoryCluster(copy.deepcopy(cluster.objects))
        broken.stop_after = moment
        with pytest.raises(KeyboardInterrupt):
            remove(broken)
        broken.stop_after = None
        remove(broken)
        assert cilium_backup.missing(broken, NAMESPACE) == expected, moment


def test_what_changed_since_is_kept_as_it_is_now(cluster):
    found = cilium_absent.find(cluster, Request())
    cilium_backup.save(cluster, NAMESPACE, found)
    path = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
    cluster.objects[path]["data"] = {"ipam": "kubernetes"}
    cilium_backup.save(cluster, NAMESPACE, found)
    assert cilium_backup.read(cluster, NAMESPACE)[path]["data"] == {"ipam": "kubernetes"}


def test_what_is_there_meanwhile_stays_as_it_is(cluster):
    remove(cluster)
    objects = cilium_backup.missing(cluster, NAMESPACE)
    path = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
    cluster.objects[path] = {"metadata": {"name": "cilium-config"}, "data": {"theirs": "1"}}
    cilium_backup.restore(cluster, objects)
    assert cluster.objects[path]["data"] == {"theirs": "1"}


def test_without_a_secret_nothing_can_be_put_back():
    with pytest.raises(NetworkError, match=r"there is no Secret kube-system/eks-anywhere-network-cilium-backup"):
        cilium_backup.missing(MemoryCluster(), NAMESPACE)


def test_without_a_secret_and_with_cilium_nothing_is_missing(cluster):
    assert cilium_backup.missing(cluster, NAMESPACE) == {}


def test_a_secret_that_someone_changed(cluster):
    cluster.objects[SECRET] = {"metadata": {"name": cilium_backup.NAME}, "data": {"objects": "AAAA"}}
    with pytest.raises(NetworkError, match="cannot be read"):
        cilium_backup.read(cluster, NAMESPACE)


def test_what_does_not_fit_is_said_before_anything_goes(cluster, monkeypatch):
    monkeypatch.setattr(cilium_backup, "LIMIT", 10)
    with pytest.raises(NetworkError, match=r"backup: what there is of Cilium does not fit into a Secret"):
        remove(cluster)
    assert cluster.log == []


def test_forgetting(cluster):
    remove(cluster)
    assert cilium_backup.forget(cluster, NAMESPACE) is True
    assert cilium_backup.forget(cluster, NAMESPACE) is False
    assert SECRET not in cluster.objects
