"""A machine that booted with only what a template wrote has its NICs, names, addresses and routes, and joins."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import machines
import pytest
from plays import play

NAME = "vm1"
MACS = {"radio": "52:54:00:1e:01:1f", "eth2": "52:54:00:1e:02:1f"}
BOOT_MAC = "52:54:00:1e:00:1f"
ADDRESSES = {"radio": ["172.30.1.31/24"], "storage": ["10.98.0.31/16"], "bond0": [], "eth2": []}


@pytest.fixture(scope="module")
def vm(lab, project):
    return machines.Machine(NAME, lab, project)


@pytest.fixture(scope="module")
def links(vm):
    """Every interface of the machine by name."""
    return {link["ifname"]: link for link in json.loads(vm.check("ip -j -d addr"))}


def addresses(link):
    return [f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"] if one["family"] == "inet"]


def boot(links):
    (name,) = (name for name, link in links.items() if link.get("address") == BOOT_MAC)
    return name


def test_nothing_else_configures_its_network(vm):
    written = json.loads((Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "files.json").read_text())[NAME]
    folders = "/etc/netplan /etc/NetworkManager/system-connections /etc/systemd/network /etc/systemd/networkd.conf.d"
    there = vm.run(f"find {folders} -type f").stdout.split()
    assert sorted(there) == sorted(path for path in written if path.rpartition("/")[0] in folders.split())


def test_it_answered_and_was_ready_in_time(lab):
    seconds = machines.times(lab)[NAME]
    assert seconds["ssh"] <= machines.SECONDS_TO_SSH
    assert seconds["Ready"] <= machines.SECONDS_TO_READY


def test_the_boot_nic(vm, links):
    name = boot(links)
    assert name.startswith("en")
    assert addresses(links[name]) == ["172.30.0.31/24"]
    (route,) = json.loads(vm.check("ip -j route show default"))
    assert (route["dev"], route["gateway"]) == (name, "172.30.0.1")


def test_names_and_addresses(links):
    assert {name: links[name]["address"] for name in MACS} == MACS
    assert {name: addresses(links[name]) for name in ADDRESSES} == ADDRESSES
    assert (links["radio"]["mtu"], links["storage"]["mtu"]) == (1400, 1300)


def test_the_bond_and_its_vlan(links):
    assert links["bond0"]["linkinfo"]["info_data"]["mode"] == "active-backup"
    assert links["eth2"]["master"] == "bond0"
    assert (links["storage"]["link"], links["storage"]["linkinfo"]["info_data"]["id"]) == ("bond0", 100)
    assert all(links[name]["operstate"] == "UP" for name in ("radio", "bond0", "eth2", "storage"))


def test_routes_and_rules(vm):
    main = [(one["dst"], one["gateway"], one["dev"]) for one in json.loads(vm.check("ip -j route show 10.77.0.0/16"))]
    assert main == [("10.77.0.0/16", "172.30.1.1", "radio")]
    (other,) = json.loads(vm.check("ip -j route show table 1000"))
    assert (other["dst"], other["gateway"], other["dev"]) == ("default", "172.30.1.1", "radio")
    rules = [one for one in json.loads(vm.check("ip -j rule")) if one["priority"] == 1000]
    assert [(one["src"], one["table"]) for one in rules] == [("172.30.1.31", "1000")]


def test_it_joined_with_its_own_address(read):
    status = read("node", NAME)["status"]
    assert {one["type"]: one["status"] for one in status["conditions"]}["Ready"] == "True"
    assert [one["address"] for one in status["addresses"] if one["type"] == "InternalIP"] == ["172.30.0.31"]


def test_node_network_info_says_the_same(project, links):
    words = ["ansible", "-i", "inventories/lab", NAME, "-b", "-m", "eks_anywhere.network.node_network_info"]
    env = os.environ | {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    done = subprocess.run(words, cwd=project, env=env, check=True, capture_output=True, text=True)
    ((task,),) = (one["tasks"] for one in json.loads(done.stdout)["plays"])
    found = {one["name"]: one for one in task["hosts"][NAME]["node_network"]["interfaces"]}
    for name in ("radio", "eth2", "bond0", "storage", boot(links)):
        said = [f"{one['address']}/{one['prefix']}" for one in found[name]["addresses"] if "." in one["address"]]
        assert (found[name]["mac"], found[name]["mtu"], said) == (
            links[name]["address"],
            links[name]["mtu"],
            addresses(links[name]),
        )
    assert {name: found[name]["permanent_mac"] for name in MACS} == MACS


def macvlan(name, master):
    return {
        "name": name,
        "namespace": "shop",
        "node_selector": {"kubernetes.io/hostname": NAME},
        "config": {
            "cniVersion": "0.3.1",
            "type": "macvlan",
            "master": master,
            "capabilities": {"ips": True},
            "ipam": {"type": "static"},
        },
    }


def test_networks_of_multus_find_their_masters(project, lab):
    right = [macvlan("radio", "radio"), macvlan("storage", "storage")]
    assert play(project, "multus", {"multus_networks": right}, check=True).failures == []
    (message,) = play(project, "multus", {"multus_networks": [macvlan("radio", "eth1")]}, check=True).failures
    assert f"eth1 is not there on {NAME}" in message
