# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotations of pods, read as Multus reads them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.pod_networks import (
    PodNetworks,
    Request,
    parse,
    pick,
    read,
    users,
)

NETWORKS = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"


def pod(name="p", **annotations):
    keys = {"networks": NETWORKS, "status": STATUS, "default": "v1.multus-cni.io/default-network"}
    return {
        "metadata": {
            "namespace": "apps",
            "name": name,
            "annotations": {keys[key]: value for key, value in annotations.items()},
        }
    }


@pytest.mark.parametrize(
    ("annotation", "asked"),
    [
        ("net", [("apps", "net", "")]),
        ("other/net", [("other", "net", "")]),
        ("net@eth5", [("apps", "net", "eth5")]),
        (" a , b/c@if-0.5 ", [("apps", "a", ""), ("b", "c", "if-0.5")]),
        ('[{"name": "a.b"}]', [("apps", "a.b", "")]),
        (
            '[{"name": "a", "namespace": "b", "interface": "net7", "ips": ["10.0.0.1"], "gateway": ["x"]}]',
            [("b", "a", "net7")],
        ),
        ('[{"name": "a", "namespace": null}]', [("apps", "a", "")]),
        ("[]", []),
    ],
)
def test_what_pods_ask_for(annotation, asked):
    assert parse(annotation, "apps") == [Request(*entry) for entry in asked]


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("net,", "'' is not namespace/name@interface"),
        ("a.b", "'a.b' is not namespace/name@interface"),
        ("a/b/c", "'a/b/c' is not namespace/name@interface"),
        ("net@an-interface-of-20c", "'net@an-interface-of-20c' is not namespace/name@interface"),
        ("Net", "'Net' is not namespace/name@interface"),
        ('[{"name": "a"', "it is not JSON: Expecting"),
        ('{"name": "a"}', "it is not a list"),
        ('["a"]', "an entry has no name"),
        ('[{"name": ""}]', "an entry has no name"),
        ('[{"name": "a", "namespace": 5}]', "an entry of a has a field that is no string"),
    ],
)
def test_what_multus_refuses(annotation, message):
    with pytest.raises(ValueError, match="not|no ") as caught:
        parse(annotation, "apps")
    assert str(caught.value).startswith(message)


def test_a_pod_is_reduced_to_its_networks():
    status = [{"name": "cilium", "interface": "eth0"}, {"name": "other/old", "interface": "net1"}, "x", {}]
    assert pick(pod(networks="a", default="b", status=json.dumps(status))) == PodNetworks(
        "apps/p", frozenset({("apps", "a"), ("kube-system", "b")}), frozenset({("other", "old")})
    )
    assert pick(pod()) is None
    assert pick({"metadata": {"namespace": "apps", "name": "p"}}) is None
    assert pick(pod(status=json.dumps(status[:1]))) is None
    assert pick(pod(status="{")) is None


def test_who_makes_a_pod_anew_is_kept():
    item = pod(networks="a")
    item["metadata"]["ownerReferences"] = [{"kind": "Backup", "name": "x"}]
    assert pick(item).controller == ""
    item["metadata"]["ownerReferences"].append({"kind": "ReplicaSet", "name": "web-5d4f", "controller": True})
    assert pick(item).controller == "ReplicaSet web-5d4f"


def test_what_cannot_be_read_is_kept():
    assert pick(pod(networks="A", default="b")) == PodNetworks(
        "apps/p",
        frozenset({("kube-system", "b")}),
        frozenset(),
        "k8s.v1.cni.cncf.io/networks: 'A' is not namespace/name@interface",
    )


def test_only_the_metadata_of_pods_that_have_not_ended_is_read(api, cluster):
    api.lists["/api/v1/pods"] = [pod("a", networks="x"), pod("b"), pod("c", networks="x,y")]
    found = read(cluster)
    assert [entry.pod for entry in found] == ["apps/a", "apps/c"]
    assert api.requests[0][2]["fieldSelector"] == "status.phase!=Succeeded,status.phase!=Failed"
    assert "PartialObjectMetadata" in api.headers[0]["Accept"]
    assert users(found) == {("apps", "x"): ["apps/a", "apps/c"], ("apps", "y"): ["apps/c"]}
