# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules follow from what runs: every row of the table, with its condition and without."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_facts import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_ports import TABLE, documented
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import ROLES
from ansible_collections.eks_anywhere.network.tests.unit.plugins.firewall import by_name, derive, opened

DEFAULT = {
    "cilium-tunnel": ("udp", [6081], "nodes"),
    "pods": ("any", [], "pods"),
    "cilium-health": ("tcp", [4240], "nodes"),
    "cilium-health-icmp": ("icmp", [], "nodes"),
    "hubble": ("tcp", [4244], "nodes"),
    "cilium-agent-metrics": ("tcp", [9962], "nodes"),
    "cilium-operator-metrics": ("tcp", [9963], "nodes"),
    "cilium-envoy-metrics": ("tcp", [9964], "nodes"),
    "kubelet": ("tcp", [10250], "nodes"),
    "node-ports-tcp": ("tcp", ["30000-32767"], "any"),
    "node-ports-udp": ("udp", ["30000-32767"], "any"),
    "ssh": ("tcp", [22], "admin"),
    "dhcpv6-client": ("udp", [546], ["fe80::/10"]),
}
"""A worker of a cluster with EKS Anywhere's own Cilium."""

TUNNEL = "cilium-tunnel"
NATIVE = {"routing-mode": "native"}


def worker(config=None, **options):
    return opened(derive(config, roles=["worker"], **options))


def test_a_worker_of_eks_anywhere():
    assert worker() == DEFAULT


def test_a_control_plane_has_more():
    assert opened(derive(roles=["control_plane"])) == {
        **DEFAULT,
        "kube-apiserver": ("tcp", [6443], "any"),
        "etcd": ("tcp", ["2379-2380"], "control_plane"),
        "kube-vip-metrics": ("tcp", [2112], "nodes"),
    }


@pytest.mark.parametrize(
    ("version", "http", "metadata"),
    [
        ("v0.21.7", [80], [50061]),
        ("v0.22.0", [7171], [50061]),
        ("v0.24.6", [7171], [50061]),
        ("v0.25.0", [7171], [7172]),
        ("v1.0.0", [7171], [7172]),
    ],
)
def test_a_host_of_tinkerbell(version, http, metadata):
    assert opened(derive(roles=["tinkerbell"], eks_anywhere_version=version)) == {
        "ssh": ("tcp", [22], "admin"),
        "dhcpv6-client": ("udp", [546], ["fe80::/10"]),
        "tinkerbell-dhcp": ("udp", [67], "any"),
        "tinkerbell-tftp": ("udp", [69], "nodes"),
        "tinkerbell-syslog": ("udp", [514], "nodes"),
        "tinkerbell-http": ("tcp", http, "nodes"),
        "tinkerbell-metadata": ("tcp", metadata, "nodes"),
        "tinkerbell-grpc": ("tcp", [42113], "nodes"),
        "tinkerbell-kube-vip-metrics": ("tcp", [2213], "nodes"),
    }


def test_an_unknown_version_opens_the_ports_of_all():
    found = derive(roles=["tinkerbell"], eks_anywhere_version=None)
    assert (opened(found)["tinkerbell-http"][1], opened(found)["tinkerbell-metadata"][1]) == ([80, 7171], [7172, 50061])
    assert [text.partition(":")[0] for text in found.warnings] == ["eks_anywhere_version"]


def test_bmcs_load_the_installer():
    machines = [{"ip_address": "10.10.50.2", "bmc_ip": "10.10.44.2"}, {"ip_address": "10.10.50.3"}]
    found = opened(derive(roles=["tinkerbell"], machines=machines))
    assert found["tinkerbell-iso"] == ("tcp", [7171], ["10.10.44.2/32"])


@pytest.mark.parametrize(
    ("config", "port"),
    [
        ({}, 6081),
        ({"tunnel-protocol": "vxlan"}, 8472),
        ({"tunnel-protocol": ""}, 8472),
        ({"tunnel-port": "6082"}, 6082),
        ({"tunnel-port": "0"}, 6081),
        ({"routing-mode": "", "tunnel-protocol": "", "tunnel": "geneve"}, 6081),
        ({"routing-mode": "", "tunnel-protocol": "", "tunnel": "disabled"}, None),
        (NATIVE, None),
        ({**NATIVE, "enable-ipv4-egress-gateway": "true"}, 6081),
        ({**NATIVE, "enable-egress-gateway": "true"}, 6081),
        ({**NATIVE, "enable-high-scale-ipcache": "true"}, 6081),
        ({**NATIVE, "enable-node-port": "true", "bpf-lb-mode": "dsr", "bpf-lb-dsr-dispatch": "geneve"}, 6081),
        ({**NATIVE, "kube-proxy-replacement": "true", "bpf-lb-mode": "hybrid", "bpf-lb-dsr-dispatch": "geneve"}, 6081),
        ({**NATIVE, "kube-proxy-replacement": "true", "bpf-lb-mode": "snat", "bpf-lb-dsr-dispatch": "geneve"}, None),
        ({**NATIVE, "kube-proxy-replacement": "true", "bpf-lb-mode": "dsr", "bpf-lb-dsr-dispatch": "opt"}, None),
        ({**NATIVE, "bpf-lb-mode": "dsr", "bpf-lb-dsr-dispatch": "geneve"}, None),
    ],
)
def test_the_tunnel_that_runs(config, port):
    found = worker(config)
    assert found.get(TUNNEL) == (None if port is None else ("udp", [port], "nodes"))
    assert "cilium-tunnel-change" not in found


@pytest.mark.parametrize(
    ("config", "change", "port"),
    [
        ({}, {"protocol": "vxlan", "port": 0}, 8472),
        ({}, {"protocol": "vxlan", "port": 8473}, 8473),
        ({}, {"protocol": "geneve"}, None),
        (NATIVE, {"protocol": "geneve"}, 6081),
        ({"tunnel-protocol": "vxlan"}, {"protocol": "geneve", "port": None}, 6081),
    ],
)
def test_both_ports_are_open_while_the_tunnel_changes(config, change, port):
    found = worker(config, tunnel_change=change)
    assert found.get(TUNNEL) == worker(config).get(TUNNEL)
    assert found.get("cilium-tunnel-change") == (None if port is None else ("udp", [port], "nodes"))


@pytest.mark.parametrize(
    ("name", "config", "wanted"),
    [
        ("cilium-wireguard", {"enable-wireguard": "true"}, ("udp", [51871], "nodes")),
        ("cilium-ipsec", {"enable-ipsec": "true"}, ("esp", [], "nodes")),
        ("cilium-health-icmpv6", {"enable-ipv6": "true"}, ("icmpv6", [], "nodes")),
        ("cilium-mutual-auth", {"mesh-auth-mutual-enabled": "true"}, ("tcp", [4250], "nodes")),
        (
            "cilium-mutual-auth",
            {"mesh-auth-mutual-enabled": "true", "mesh-auth-mutual-listener-port": "4255"},
            ("tcp", [4255], "nodes"),
        ),
        ("hubble-metrics", {"hubble-metrics-server": ":9965"}, ("tcp", [9965], "nodes")),
        ("cilium-bgp", {"enable-bgp-control-plane": "true"}, ("tcp", [179], "any")),
        (
            "cilium-vtep",
            {"enable-vtep": "true", "vtep-endpoint": "10.1.1.1  10.1.2.1", "tunnel-protocol": "vxlan"},
            ("udp", [8472], ["10.1.1.1", "10.1.2.1"]),
        ),
        (
            "cilium-ingress",
            {"ingress-hostnetwork-enabled": "true", "ingress-hostnetwork-shared-listener-port": "8080"},
            ("tcp", [8080], "any"),
        ),
    ],
)
def test_a_feature_opens_its_port(name, config, wanted):
    assert worker(config)[name] == wanted
    assert name not in worker()
    assert {**worker(config), name: None} == {**worker(), name: None, TUNNEL: worker(config)[TUNNEL]}


@pytest.mark.parametrize(
    ("config", "name", "port"),
    [
        ({"cluster-health-port": "4241"}, "cilium-health", 4241),
        ({"hubble-listen-address": "0.0.0.0:4246"}, "hubble", 4246),
        ({"hubble-listen-address": "[::]:4246"}, "hubble", 4246),
        ({"prometheus-serve-addr": ":9090"}, "cilium-agent-metrics", 9090),
        ({"operator-prometheus-serve-addr": ":6942"}, "cilium-operator-metrics", 6942),
        ({"proxy-prometheus-port": "9095"}, "cilium-envoy-metrics", 9095),
        ({"proxy-prometheus-port": "", "external-envoy-proxy": "true"}, "cilium-envoy-metrics", 9964),
    ],
)
def test_ports_of_the_configuration(config, name, port):
    assert worker(config)[name] == ("tcp", [port], "nodes")


@pytest.mark.parametrize(
    ("config", "closed"),
    [
        ({"enable-health-checking": "false"}, {"cilium-health", "cilium-health-icmp"}),
        ({"enable-hubble": "false"}, {"hubble"}),
        ({"hubble-listen-address": ""}, {"hubble"}),
        ({"hubble-listen-address": "127.0.0.1:4244"}, {"hubble"}),
        ({"hubble-listen-address": "localhost:4244"}, {"hubble"}),
        ({"hubble-listen-address": "[::1]:4244"}, {"hubble"}),
        ({"prometheus-serve-addr": ""}, {"cilium-agent-metrics"}),
        ({"operator-prometheus-serve-addr": ""}, {"cilium-operator-metrics"}),
        ({"proxy-prometheus-port": ""}, {"cilium-envoy-metrics"}),
        ({"hubble-metrics-server": ":9965", "enable-hubble": "false"}, {"hubble"}),
        ({"ingress-hostnetwork-enabled": "true", "ingress-hostnetwork-shared-listener-port": "0"}, set()),
        ({"enable-vtep": "true", "vtep-endpoint": ""}, set()),
    ],
)
def test_what_is_off_is_closed(config, closed):
    assert worker(config) == {name: opening for name, opening in DEFAULT.items() if name not in closed}


def test_health_checks_are_on_where_nothing_is_said():
    assert Facts({}).on("enable-health-checking", "true")
    assert {row.name for row in TABLE if row.rule(Facts({}))} >= {"cilium-health", "cilium-health-icmp"}


def test_pings_of_cilium_health_alone():
    found = by_name(derive({"enable-ipv6": "true"}))
    assert (found["cilium-health-icmp"].icmp_types, found["cilium-health-icmpv6"].icmp_types) == (
        ((8, 0),),
        ((128, 0),),
    )


def test_a_rule_for_a_version_of_ip_that_nodes_do_not_have_is_none():
    assert "cilium-health-icmpv6" not in worker({"enable-ipv6": "true"}, node_cidrs=["10.77.0.0/24"])


def test_what_the_configuration_says_wrongly_is_named():
    with pytest.raises(NetworkError) as caught:
        derive({"cluster-health-port": "a", "enable-vtep": "true", "vtep-endpoint": "x"})
    assert [(problem.path, problem.message) for problem in caught.value.problems] == [
        ("cilium-config cilium-health.ports[0]", "it is no port (got a)"),
        ("cilium-config cilium-vtep.from[0]", "it is no address (got x)"),
    ]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_row_says_why_and_where(row):
    assert row.reason
    assert row.source
    assert row.when
    assert set(row.on) <= set(ROLES)


def test_the_table_for_the_documentation():
    shown = documented()
    assert [row["name"] for row in shown] == [row.name for row in TABLE]
    assert shown[0] == {
        "name": "cilium-tunnel",
        "on": "control_plane, worker",
        "proto": "udp",
        "ports": "6081 (geneve), 8472 (vxlan) or tunnel-port",
        "from": "nodes",
        "when": "routing-mode tunnel, or a feature that tunnels in native routing: egress gateway, DSR with Geneve",
        "reason": "packets between pods of different nodes",
        "source": "CI Documentation/operations/system_requirements.rst, Firewall Rules",
    }
    assert {row["name"]: row["from"] for row in shown}["cilium-vtep"] == "vtep-endpoint"
