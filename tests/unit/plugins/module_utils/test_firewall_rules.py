# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options and a cluster to rules: sources, the caller's rules, what is said beside them, all errors at once."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rules import (
    FILTERED,
    REPLACED,
    Request,
    live,
    rules,
    table,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.firewall import (
    EKS_ANYWHERE,
    any_rules,
    by_name,
    derive,
    opened,
    rule,
)
from hypothesis import given

CONFIG = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
KUBEADM = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"


def refused(*words, **options):
    with pytest.raises(NetworkError) as caught:
        derive(*words, **options)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def test_sources_of_each_kind():
    found = by_name(derive())
    assert found["kubelet"].sources == ("10.77.0.0/30", "10.77.0.9/32", "fd77::/126")
    assert found["pods"].sources == ("10.88.0.0/16",)
    assert found["etcd"].sources == ("10.77.0.1/32",)
    assert found["ssh"].sources == ("10.99.0.0/24",)
    assert found["kube-apiserver"].sources == ("0.0.0.0/0", "::/0")


def test_without_their_addresses_every_machine_can_be_a_control_plane():
    assert by_name(derive(control_plane_cidrs=[]))["etcd"].sources == ("10.77.0.0/30", "10.77.0.9/32", "fd77::/126")


def test_machines_of_the_inventory_count_with_all_their_nics():
    machines = [
        {"ip_address": "10.10.50.2", "bmc_ip": "10.10.44.2", "interfaces": [{"ip_address": "10.20.0.2"}, {"mac": "x"}]},
        {"ip_address": "10.10.50.3", "bmc_ip": "", "interfaces": [{"ip_address": ""}]},
    ]
    found = by_name(derive(node_cidrs=[], machines=machines))
    assert found["kubelet"].sources == ("10.10.50.2/31", "10.20.0.2/32")
    both = by_name(derive(node_cidrs=["10.30.0.0/24"], machines=machines))
    assert both["kubelet"].sources == ("10.10.50.2/31", "10.20.0.2/32", "10.30.0.0/24")


def test_machines_that_are_wrong():
    machines = [
        "x",
        {"hostname": "a"},
        {"ip_address": "10.0.0.1/24", "interfaces": [{"ip_address": "y"}], "bmc_ip": "z"},
    ]
    assert refused(node_cidrs=[], machines=machines) == [
        ("machines[0]", "it must be a mapping"),
        ("machines[1].ip_address", 'it is no address (got "")'),
        ("machines[2].bmc_ip", "it is no address (got z)"),
        ("machines[2].interfaces[0].ip_address", "it is no address (got y)"),
        ("machines[2].ip_address", "the address lies within the network (got 10.0.0.1/24)"),
    ]


def test_without_an_inventory_the_nodes_of_today_are_not_enough():
    nodes = {"w1": ("10.77.0.1",)}
    assert refused(nodes=nodes, node_cidrs=[]) == [
        ("node_cidrs", "which addresses machines have, or get when they join, is not known")
    ]
    found = derive(nodes=nodes, node_cidrs=[], control_plane_cidrs=[], allow_present_nodes_only=True)
    assert by_name(found)["kubelet"].sources == ("10.77.0.1/32",)
    assert [text.partition(":")[0] for text in found.warnings] == ["node_cidrs"]


def test_consent_without_a_node_is_not_enough():
    assert [path for path, _message in refused(node_cidrs=[], allow_present_nodes_only=True)] == ["node_cidrs"]


def test_a_node_that_would_be_cut_off_is_an_error():
    nodes = {"w1": ("10.77.0.2",), "w2": ("10.77.0.4", "fd77::9"), "w3": ("10.77.0.9",)}
    assert refused(nodes=nodes) == [
        ("node_cidrs", "node w2 has the address 10.77.0.4, which is in none of them"),
        ("node_cidrs", "node w2 has the address fd77::9, which is in none of them"),
    ]


def test_pods_are_let_in_by_what_the_cluster_says():
    assert by_name(derive(pod_cidrs=[], pods=["10.89.0.0/16"]))["pods"].sources == ("10.89.0.0/16",)
    assert by_name(derive(pods=["10.89.0.0/16"]))["pods"].sources == ("10.88.0.0/16",)


def test_pods_without_addresses():
    expected = [("pod_cidrs", "the cluster does not say which addresses its pods have")]
    assert refused(pod_cidrs=[]) == expected
    assert "tinkerbell-http" in opened(derive(pod_cidrs=[], roles=["tinkerbell"]))


def test_ssh_is_open_to_all_until_it_is_said_from_where():
    found = derive(admin_sources=[])
    assert by_name(found)["ssh"].sources == ("0.0.0.0/0", "::/0")
    assert found.warnings == ["admin_sources: ssh is open to every address. Give those of administrators."]
    assert derive().warnings == []


def test_every_address_as_a_node_is_a_warning():
    found = derive(node_cidrs=["0.0.0.0/0"])
    assert found.warnings == ["node_cidrs: every address counts as a node. Give narrower CIDRs."]


@pytest.mark.parametrize("option", ["node_cidrs", "pod_cidrs", "control_plane_cidrs", "admin_sources"])
def test_wrong_cidrs_are_named(option):
    assert refused(**{option: ["10.0.0.0/8", "10.0.0.5/8", "x"]}) == [
        (f"{option}[1]", "the address lies within the network (got 10.0.0.5/8)"),
        (f"{option}[2]", "it is no address (got x)"),
    ]


def test_only_rules_of_these_roles():
    extra = [rule(name="a", on=["worker"]), rule(name="b", on=["tinkerbell"])]
    some = {"a", "b", "etcd", "kubelet", "tinkerbell-http"}
    assert some & opened(derive(extra_rules=extra, roles=["worker"])).keys() == {"a", "kubelet"}
    assert some & opened(derive(extra_rules=extra, roles=["tinkerbell"])).keys() == {"b", "tinkerbell-http"}


def test_rules_of_the_caller_come_last():
    found = derive(extra_rules=[rule(name="a", origin="nodes", reason="because")])
    assert found.rules[-1].as_dict() == {
        **rule(name="a", origin="nodes", reason="because"),
        "on": ["control_plane", "worker", "tinkerbell"],
        "source": "",
        "sources": ["10.77.0.0/30", "10.77.0.9/32", "fd77::/126"],
    }
    assert found.replaced == []


def test_a_rule_of_the_same_name_stands_in_the_place_of_ours():
    given_rule = rule(name="node-ports-tcp", ports=["30000-32767"], origin=["10.5.0.0/16"])
    found = derive(extra_rules=[given_rule])
    assert [one.name for one in found.rules] == [one.name for one in derive().rules]
    assert by_name(found)["node-ports-tcp"].sources == ("10.5.0.0/16",)
    assert found.replaced == ["node-ports-tcp"]


def test_without_sources_it_closes_ours():
    found = derive(extra_rules=[rule(name="kube-vip-metrics", ports=[2112], origin=[])])
    assert [one.name for one in derive().rules if one.name not in opened(found)] == ["kube-vip-metrics"]
    assert found.replaced == ["kube-vip-metrics"]
    assert "cilium-bgp" not in opened(derive(extra_rules=[rule(name="cilium-bgp", origin=[])]))


def test_without_sources_another_rule_is_a_mistake():
    assert refused(extra_rules=[rule(name="a"), rule(name="b", origin=[]), rule(name="c", proto="x")]) == [
        ("extra_rules[1].from", "it opens nothing (got [])"),
        ("extra_rules[2].proto", "there is no such value (got x)"),
    ]


def test_a_word_that_means_nothing_here():
    options = {"pod_cidrs": [], "roles": ["tinkerbell"], "extra_rules": [rule(origin="pods")]}
    assert refused(**options) == [("extra_rules[0].from", "which addresses pods means is not known")]


def test_all_that_is_wrong_at_once():
    options = {
        "node_cidrs": [],
        "pod_cidrs": ["x"],
        "eks_anywhere_version": "new",
        "node_port_range": "30000",
        "extra_rules": [rule(name="A"), rule(ports=["a"])],
    }
    assert [path for path, _message in refused(**options)] == [
        "eks_anywhere_version",
        "extra_rules[0].name",
        "extra_rules[1].ports[0]",
        "node_cidrs",
        "node_port_range",
        "pod_cidrs[0]",
    ]


@pytest.mark.parametrize(
    ("config", "given_range", "wanted"),
    [
        ({}, None, (30000, 32767)),
        ({"node-port-range": "31000,31999"}, None, (31000, 31999)),
        ({"node-port-range": "[31000 31999]"}, "20000-22767", (20000, 22767)),
    ],
)
def test_the_range_of_node_ports(config, given_range, wanted):
    found = derive(config, node_port_range=given_range)
    assert found.node_ports == wanted
    assert by_name(found)["node-ports-udp"].ports == (wanted,)


@pytest.mark.parametrize("text", ["x", "1", "2-1", "0-5", "1-65536"])
def test_a_range_that_is_none(text):
    assert refused(node_port_range=text) == [("node_port_range", f"it is no range of ports (got {text})")]


def test_what_becomes_of_node_ports_is_said():
    assert (derive().notes, derive().replaces_kube_proxy) == ([FILTERED], False)
    replaced = derive({"kube-proxy-replacement": "true"})
    assert (replaced.notes, replaced.replaces_kube_proxy) == ([REPLACED], True)
    assert "host firewall" in REPLACED
    assert "-110" in FILTERED


@pytest.mark.parametrize(
    ("key", "value"),
    [("gateway-api-hostnetwork-enabled", "true"), ("enable-host-firewall", "true"), ("cluster-id", "7")],
)
def test_what_no_rule_can_know_is_a_warning(key, value):
    assert [text.partition(":")[0] for text in derive({key: value}).warnings] == [key]


def test_the_table_for_people():
    lines = table(derive(extra_rules=[rule(proto="icmp", ports=None, icmp_types=["8/0"], origin=["10.0.0.0/8"])]).rules)
    assert lines[0].split() == ["name", "on", "from", "protocol", "ports", "reason"]
    assert lines[1].split() == (
        "cilium-tunnel control_plane, worker nodes udp 6081 packets between pods of different nodes".split()
    )
    assert lines[-1].split() == "one control_plane, worker, tinkerbell 10.0.0.0/8 icmp 8/0".split()
    assert {line.index("  ") > 0 for line in lines} == {True}


@given(any_rules())
def test_the_same_options_give_the_same_rules(extra):
    found = [one.as_dict() for one in derive(extra_rules=extra).rules]
    assert found == [one.as_dict() for one in derive(extra_rules=extra).rules]
    assert [one["name"] for one in found[-len(extra) :]] == [one["name"] for one in extra] or not extra


def seen(api, cluster, roles=("worker",), **config):
    api.objects[CONFIG] = {"data": {**EKS_ANYWHERE, **config}}
    return live(cluster, "kube-system", roles)


def test_reading_a_cluster(api, cluster):
    addresses = [{"type": "InternalIP", "address": "10.77.0.1"}, {"type": "Hostname", "address": "w1"}]
    api.lists["/api/v1/nodes"] = [{"metadata": {"name": "w1"}, "status": {"addresses": addresses}}]
    subnet = "networking: {podSubnet: '192.168.0.1/16,fd01::/48'}"
    api.objects[KUBEADM] = {"data": {"ClusterConfiguration": subnet}}
    found = seen(api, cluster)
    assert (found.config["tunnel-protocol"], found.nodes) == ("geneve", {"w1": ("10.77.0.1",)})
    assert (found.pod_cidrs, found.version) == (("192.168.0.0/16", "fd01::/48"), None)


def test_a_pool_of_cilium_comes_before_kubeadm(api, cluster):
    api.objects[KUBEADM] = {"data": {"ClusterConfiguration": "networking: {podSubnet: 192.168.0.0/16}"}}
    pool = {"ipam": "cluster-pool", "cluster-pool-ipv4-cidr": "10.0.0.0/8 11.0.0.0/8"}
    assert seen(api, cluster, **pool).pod_cidrs == ("10.0.0.0/8", "11.0.0.0/8")


def test_a_cluster_that_does_not_tell_its_pods(api, cluster):
    assert seen(api, cluster).pod_cidrs == ()
    api.answers[f"GET {KUBEADM}"] = (403, {"kind": "Status", "status": "Failure", "code": 403, "message": "no"})
    assert seen(api, cluster).pod_cidrs == ()


def test_the_version_is_asked_for_where_it_counts(api, cluster):
    clusters = [{"metadata": {"name": "m"}, "spec": {"eksaVersion": "v0.24.1"}}]
    api.lists["/apis/anywhere.eks.amazonaws.com/v1alpha1/clusters"] = clusters
    assert (seen(api, cluster).version, seen(api, cluster, ["tinkerbell"]).version) == (None, "v0.24.1")
    request = Request(roles=["tinkerbell"], node_cidrs=["10.0.0.0/8"])
    found = rules(request, seen(api, cluster, ["tinkerbell"]))
    assert opened(found)["tinkerbell-metadata"][1] == [50061]


def test_a_cluster_without_cilium(cluster):
    with pytest.raises(NetworkError) as caught:
        live(cluster, "kube-system", ["worker"])
    assert str(caught.value) == (
        "cilium_namespace: there is no cilium-config (got kube-system). Give cilium_namespace, or install Cilium first."
    )
