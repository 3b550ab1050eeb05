"""The nodes' networks are as the practice cluster's inventory declares them, and nothing else has changed.

Only `ip`, `ping`, `networkctl` and kubectl are asked.
"""

from __future__ import annotations

import json

import pytest
from hosts import GUARD, links, routes, rules

NUMBERS = {"cp1": 11, "w1": 21, "w2": 22}


@pytest.fixture(scope="session")
def before(scenario):
    """What host_snapshot.py saw."""
    return json.loads((scenario / "hosts.json").read_text())


@pytest.fixture
def name(node):
    """The name of the node."""
    return node.backend.host.name


def test_addresses_and_mtu(node, name, before):
    was, now = before[name]["links"], links(node)
    for network, nic in ((1, "eth1"), (2, "eth2")):
        mtu, up, addresses = now[nic]
        assert (mtu, up) == (1500, True)
        assert {*addresses} - {*was[nic][2]} == {f"10.98.{network}.{NUMBERS[name]}/24"}
        assert {*was[nic][2]} <= {*addresses}
    assert {nic: list(link) for nic, link in now.items() if nic not in ("eth1", "eth2")} == {
        nic: link for nic, link in was.items() if nic not in ("eth1", "eth2")
    }


def test_policy_routing_and_nothing_else(node, name, before):
    number = NUMBERS[name]
    assert {*rules(node)} - {*before[name]["rules"]} == {f"1002:\tfrom 10.98.2.{number} lookup 1002 proto static"}
    new = {route.replace(" proto static", "") for route in {*routes(node)} - {*before[name]["routes"]}}
    assert new == {
        f"10.98.1.0/24 dev eth1 proto kernel scope link src 10.98.1.{number}",
        f"10.98.2.0/24 dev eth2 proto kernel scope link src 10.98.2.{number}",
        "10.98.2.0/24 dev eth2 table 1002 scope link",
        "default via 10.98.2.1 dev eth2 table 1002",
    }


def test_rules_and_routes_of_cilium_are_as_they_were(node, name, before):
    assert {*before[name]["rules"]} <= {*rules(node)}
    was = {route for route in before[name]["routes"] if "cilium" in route}
    assert was <= {*routes(node)}
    assert was
    assert node.check_output("ip route get 127.0.0.1").startswith("local")


def test_networkd_leaves_others_alone(node):
    told = node.check_output("networkctl --no-legend --no-pager list")
    setup = {line.split()[1]: line.split()[-1] for line in told.splitlines()}
    assert {setup[nic] for nic in ("eth0", "eth1", "eth2")} == {"configured"}
    assert {state for nic, state in setup.items() if nic.startswith(("cilium_", "lxc"))} == {"unmanaged"}
    settings = node.file("/etc/systemd/networkd.conf.d/50-eks-anywhere.conf").content_string
    assert {"ManageForeignRoutes=no", "ManageForeignRoutingPolicyRules=no"} <= {*settings.splitlines()}


def test_full_packets_reach_the_other_nodes(node, name):
    for network in (1, 2):
        for other in {*NUMBERS.values()} - {NUMBERS[name]}:
            source, target = (f"10.98.{network}.{number}" for number in (NUMBERS[name], other))
            node.check_output(f"ping -n -c 2 -i 0.2 -W 2 -M do -s 1472 -I {source} {target}")


def test_nothing_is_pending_and_nothing_left_behind(node):
    ended = json.loads(node.file(f"{GUARD}/last.json").content_string)
    assert (ended["owner"], ended["ended"]) == ("host_network", "confirmed")
    assert not node.file(f"{GUARD}/pending.json").exists
    assert node.check_output("find /etc /run/systemd/network -name '.*.new' -o -name '.*.old'") == ""
    assert node.check_output("systemctl list-units --all --no-legend 'eks-anywhere-network-guard-restore-*'") == ""


def test_our_file_is_for_root_alone(node):
    file = node.file("/etc/netplan/zz-eks-anywhere.yaml")
    assert (file.mode, file.user) == (0o600, "root")


def test_a_restart_of_networkd_changes_nothing(node):
    was = (links(node), routes(node), rules(node))
    node.check_output("systemctl restart systemd-networkd && sleep 1")
    assert (links(node), routes(node), rules(node)) == was
