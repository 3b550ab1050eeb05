# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option attachments: names, labels, annotations, and what becomes of each entry."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import existing, parse
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    MACVLAN,
    edit,
    network,
    texts,
    wanted,
)

OWNED = {"app.kubernetes.io/managed-by": "eks_anywhere.network"}
ENDS = "Use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends."


def judge(*entries):
    report = Report()
    found = parse(entries, report)
    return found, *texts(report)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (
            {"name": "Net"},
            ".name: it is no name of a network (got Net). Use small letters, digits and -, with a letter or digit at "
            "both ends.",
        ),
        (
            {"name": "a_b"},
            ".name: it is no name of a network (got a_b). Use small letters, digits and -, with a letter or digit at "
            "both ends.",
        ),
        (
            {"name": "-a"},
            ".name: it is no name of a network (got -a). Use small letters, digits and -, with a letter or digit at "
            "both ends.",
        ),
        (
            {"name": "a" * 254},
            f".name: it is no name of a network (got {'a' * 80}…). Use small letters, digits and -, with a letter or "
            "digit at both ends.",
        ),
        ({"name": None}, ".name: a network needs it. Give the name of the network."),
        ({"name": 5}, ".name: it must be a string (got 5). Give a string."),
        (
            {"namespace": "Default"},
            ".namespace: it is not the name of a namespace (got Default). Give the name of a namespace.",
        ),
        (
            {"namespace": "a.b"},
            ".namespace: it is not the name of a namespace (got a.b). Give the name of a namespace.",
        ),
        ({"config": None}, ".config: a network needs it. Give a CNI configuration as a mapping or as JSON."),
        ({"config": ""}, ".config: a network needs it. Give a CNI configuration as a mapping or as JSON."),
        (
            {"nodeSelector": {}},
            ".nodeSelector: a network has no such field (got {}). Use node_selector, if that is meant.",
        ),
        ({"labels": {"a": 1}}, '.labels: it must be a mapping of strings (got {"a": 1}). Give a mapping of strings.'),
        (
            {"labels": {"a b": "c"}},
            ".labels[a b]: it is no name of a label. Use letters, digits, -, _ and ., after a domain and / if any.",
        ),
        ({"labels": {"a": "b c"}}, f".labels[a]: it is no value of a label (got b c). {ENDS}"),
        ({"labels": {"a": "b" * 64}}, f".labels[a]: it is no value of a label (got {'b' * 64}). {ENDS}"),
        (
            {"labels": OWNED},
            ".labels[app.kubernetes.io/managed-by]: it is set to eks_anywhere.network, which is how prune knows its "
            "own. Remove it.",
        ),
        ({"node_selector": {"a": "b/c"}}, f".node_selector[a]: it is no value of a label (got b/c). {ENDS}"),
        (
            {"annotations": {"a/b/c": ""}},
            ".annotations[a/b/c]: it is no name of an annotation. Use letters, digits, -, _ and ., after a domain and "
            "/ if any.",
        ),
        (
            {"annotations": {"k8s.v1.cni.cncf.io/resourceName": "a"}},
            ".annotations[k8s.v1.cni.cncf.io/resourceName]: another option sets it. Use resource_name.",
        ),
        (
            {"annotations": {"k8s.v1.cni.cncf.io/nodeSelector": "a"}},
            ".annotations[k8s.v1.cni.cncf.io/nodeSelector]: another option sets it. Use node_selector.",
        ),
        (
            {"annotations": {"eks-anywhere-network/node-ranges": "a"}},
            ".annotations[eks-anywhere-network/node-ranges]: another option sets it. Use ipam_per_node.",
        ),
        (
            {"resource_name": "vf"},
            ".resource_name: it is not the name of a resource, as vendor.com/name (got vf). Give the name of a "
            "resource, as vendor.com/name.",
        ),
        (
            {"ipam_per_node": "yes"},
            ".ipam_per_node: it must be a boolean or a mapping (got yes). Give true, or a mapping of nodes to "
            "rangeStart and rangeEnd.",
        ),
        (
            {"ipam_per_node": {"w1": "x"}},
            ".ipam_per_node[w1]: it must be a mapping (got x). Give rangeStart and rangeEnd.",
        ),
        (
            {"ipam_per_node": {"w1": {"rangeStart": "10.1.0.9"}}},
            ".ipam_per_node[w1].rangeEnd: the part of a node needs it. Give an address.",
        ),
        (
            {"ipam_per_node": {"w1": {"rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.9", "x": "y"}}},
            ".ipam_per_node[w1].x: the part of a node has no such field (got y). Its fields are: rangeEnd, rangeStart.",
        ),
    ],
)
def test_what_is_wrong(more, error):
    assert judge(network())[1:] == ([], [])
    assert judge(network(), network("other") | more)[1] == [f"attachments[1]{error}"]


def test_what_is_no_mapping():
    assert judge("net")[1] == ["attachments[0]: it must be a mapping (got net). Give name and config."]


def test_a_dot_is_a_doubt():
    assert judge(network("a.b"))[1:] == (
        [],
        [
            "attachments[0].name: pods cannot ask for a name with a dot in the short form (got a.b). Use - in place of "
            "the dot, or let pods ask for it in the JSON form."
        ],
    )


def test_a_network_is_there_once_per_namespace():
    found, errors, _doubts = judge(network(), network(namespace="other"), network(namespace="default"))
    assert errors == ["attachments[2].name: default/net is attachments[0] too. Give each network of a namespace once."]
    assert [attachment.key for attachment in found] == [("default", "net"), ("other", "net")]


def test_all_of_an_entry_is_checked_at_once():
    entry = network("Net", edit(MACVLAN, "mtu", "x"), labels=[], node_selector={"a": 1}, ipam_per_node=5)
    assert [error.partition(": ")[0] for error in judge(entry)[1]] == [
        "attachments[0].config.mtu",
        "attachments[0].ipam_per_node",
        "attachments[0].labels",
        "attachments[0].name",
        "attachments[0].node_selector",
    ]


def test_what_becomes_of_an_entry():
    (found,) = wanted(
        network(
            config=json.dumps(MACVLAN),
            labels={"team": "a"},
            annotations={"note": "b"},
            resource_name="intel.com/vf",
            node_selector={"zone": "z", "a.com/b": ""},
            ipam_per_node={},
        )
    )
    assert (found.key, found.title, str(found)) == (("default", "net"), "default/net", "attachments[0] (default/net)")
    assert found.config == MACVLAN
    assert found.labels == {"team": "a", **OWNED}
    assert found.annotations == {
        "note": "b",
        "k8s.v1.cni.cncf.io/resourceName": "intel.com/vf",
        "k8s.v1.cni.cncf.io/nodeSelector": "a.com/b=,zone=z",
    }
    assert found.net.name == "net"
    assert found.per_node == {}


@pytest.mark.parametrize(("given", "read"), [(None, None), (False, None), (True, {}), ({}, {})])
def test_splitting_is_asked_for_in_two_ways(given, read):
    assert wanted(network(ipam_per_node=given))[0].per_node == read


def test_absent_networks_need_only_names():
    report = Report()
    (found,) = parse([{"name": "net", "namespace": "other", "config": "{"}], report, with_config=False)
    assert (found.key, found.net, report.errors) == (("other", "net"), None, [])


def test_a_network_of_the_cluster_is_read_as_far_as_it_goes():
    assert existing("a", "b", json.dumps(MACVLAN)).net.name == "b"
    assert existing("a", "b", json.dumps(MACVLAN)).path == "network a/b"
    assert existing("a", "b", "{").net is None
    assert existing("a", "b", '"text"').net is None
    assert existing("a", "b", "").net is None
