"""What the playbook must refuse: with which message, and without a trace on any node."""

from __future__ import annotations

import json
import subprocess

import pytest
from conftest import NODES
from hosts import GUARD, connect, state
from plays import play

CASES = {
    "what cannot be read": (
        {"ethernets": {"eth1": {"adresses": ["10.98.1.21/24"], "mtu": "many"}}},
        [
            "config.ethernets.eth1.adresses: an ethernet has no such key",
            "Use addresses, if that is meant",
            "config.ethernets.eth1.mtu:",
        ],
    ),
    "what cuts a node off or breaks Cilium, all at once": (
        {
            "ethernets": {
                "id0": {"set-name": "wan"},
                "eth1": {
                    "addresses": ["10.98.1.21/24", "172.30.0.21/24"],
                    "routes": [
                        {"to": "default", "via": "10.98.1.1"},
                        {"to": "default", "via": "10.98.1.1", "table": 2004},
                    ],
                    "routing-policy": [{"from": "10.98.1.21", "table": 1001, "priority": 9}],
                },
                "eth7": {"addresses": ["10.98.7.21/24"]},
            },
            "bridges": {"a-name-that-is-too-long": {"interfaces": ["eth2"]}, "br0": {"interfaces": ["id0"]}},
            "bonds": {"b0": {"interfaces": []}},
        },
        [
            "config.ethernets.id0.set-name: it carries the node's address",
            "host_network_allow_management_nic",
            "config.ethernets.eth1.addresses[1]: 172.30.0.21 is there already",
            "config.ethernets.eth1.routes[0]",
            "config.ethernets.eth1.routes[1].table",
            "config.ethernets.eth1.routing-policy[0].priority",
            "config.ethernets.eth7: the node has no such interface",
            "config.bridges.a-name-that-is-too-long: the name is longer than 15 characters",
            "config.bridges.br0.interfaces[0]: id0 carries the node's address",
            "config.bonds.b0: the node's kernel cannot make a bond",
        ],
    ),
    "another back end": (
        {"renderer": "NetworkManager", "ethernets": {"eth1": {}}},
        ["config.renderer: it is not the one of backend netplan"],
    ),
}


@pytest.fixture(scope="module")
def hosts(lab):
    """Every node over ssh."""
    return {name: connect(lab, name) for name in NODES}


@pytest.fixture(scope="module")
def untouched(hosts):
    """What the nodes were when the scenario began."""
    return {name: state(host) for name, host in hosts.items()}


@pytest.fixture
def refused(project, hosts, untouched):
    """Return a function that runs the playbook, which must fail without a trace, and gives what it said."""

    def run(config, limit="cluster,w1", **variables):
        done = play(project, "host_network", {"host_network_config": config, **variables}, limit=limit, timeout=60)
        assert done.code != 0
        assert done.changed == []
        assert state(hosts["w1"]) == untouched["w1"]
        return "\n".join(done.failures)

    return run


@pytest.mark.parametrize("case", CASES)
def test_configurations(case, refused):
    config, expected = CASES[case]
    said = refused(config)
    assert [text for text in expected if text not in said] == [], said


def test_variables(refused):
    said = refused({}, host_network_confirm_timeout=5, host_network_probes=[{"type": "tcp", "host": "172.30.0.11"}])
    assert "host_network_confirm_timeout: must be at least 10 seconds (got 5)" in said
    assert "host_network_probes[0]: tcp needs a port (got none)" in said


def test_one_wrong_node_keeps_all_of_them_from_being_changed(refused, hosts, untouched):
    number = "{{ '99999' if inventory_hostname == 'w2' else ansible_host.split('.')[3] }}"
    said = refused({"ethernets": {"eth1": {"addresses": [f"10.98.1.{number}/24"]}}}, limit="all")
    assert "config.ethernets.eth1.addresses[0]" in said
    assert "10.98.1.99999/24" in said
    assert {name: state(host) for name, host in hosts.items()} == untouched


def test_without_root(project, hosts, untouched):
    """By the module alone: the role always asks for it."""
    words = ["ansible", "-i", "inventories/lab", "w1", "-m", "eks_anywhere.network.host_network", "-a", "config={}"]
    done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False, timeout=60)
    assert "it needs root to read /etc/netplan/config.yaml. Give become: true" in done.stdout + done.stderr
    assert state(hosts["w1"]) == untouched["w1"]


def test_check_mode_shows_the_whole_change_and_makes_none(project, hosts, untouched):
    done = play(project, "host_network", check=True)
    assert done.code == 0, done.failures
    assert {name: state(host) for name, host in hosts.items()} == untouched
    changed = {name.rpartition(" : ")[2] for name, result in done.results if result.get("changed")}
    assert changed == {"Change the network of the node, and undo it unless it is reached again"}
    (diff,) = {
        json.dumps(result["diff"]) for _name, result in done.results if "10.98.1.21" in json.dumps(result.get("diff"))
    }
    assert "ManageForeignRoutingPolicyRules=no" in diff
    assert not hosts["w1"].file(f"{GUARD}/pending.json").exists


@pytest.mark.usefixtures("untouched")
def test_an_mtu_that_the_network_does_not_carry(project, hosts):
    """Both nodes take it; that it does not arrive is found by packets. Afterwards the nodes are as before."""
    number = "{{ ansible_host.split('.')[3] }}"
    config = {"ethernets": {"eth2": {"mtu": 9000, "addresses": [f"10.98.2.{number}/24"]}}}
    done = play(project, "host_network", {"host_network_config": config}, limit="cluster,w1,w2")
    assert done.code != 0
    said = "\n".join(done.failures)
    assert "small packets get from 10.98.2.21 to 10.98.2.22, those of 9000 bytes do not" in said
    assert play(project, "host_network", {"host_network_config": {}}, limit="cluster,w1,w2").code == 0
    for name in ("w1", "w2"):
        assert hosts[name].check_output("ip -o link show eth2").count("mtu 1500") == 1
