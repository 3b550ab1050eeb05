"""The example of EKS Anywhere's page on Multus on a machine whose kernel has ipvlan: network, both pods, both pings.

https://anywhere.eks.amazonaws.com/docs/clustermgmt/networking/cluster-multus/
"""

from __future__ import annotations

import ipaddress
import json

import machines
import pytest
from plays import play
from second_interfaces import Applications, pod

NODE = "vm1"
APPS = ("app1", "app2")
CONFIG = """{
      "cniVersion": "0.3.0",
      "type": "ipvlan",
      "master": "eth1",
      "mode": "l3",
      "ipam": {
         "type": "host-local",
         "subnet": "198.17.0.0/24",
         "rangeStart": "198.17.0.200",
         "rangeEnd": "198.17.0.216",
         "routes": [
             { "dst": "0.0.0.0/0" }
         ],
         "gateway": "198.17.0.1"
      }
 }"""
NETWORK = {
    "name": "ipvlan-conf",
    "namespace": "shop",
    "config": CONFIG,
    "node_selector": {"kubernetes.io/hostname": NODE},
}


@pytest.fixture(scope="module")
def made(project):
    """The account of the playbook that makes the network of the example, Multus first."""
    done = play(project, "multus", {"multus_networks": [NETWORK], "network_check_networks": [NETWORK]}, timeout=900)
    assert done.code == 0, done.failures
    return done


@pytest.fixture(scope="module")
def apps(made, kubectl, read):
    """The two applications of the example, running."""
    found = Applications(kubectl, read)
    found.make(*(pod(name, "ipvlan-conf", NODE) for name in APPS), wait=180)
    yield found
    kubectl("-n", "shop", "delete", "pod", *APPS)


def test_the_network_is_the_one_of_the_page(made, read):
    (found,) = read("network-attachment-definitions", "-n", "shop")
    assert found["metadata"]["name"] == "ipvlan-conf"
    written = json.loads(found["spec"]["config"])
    assert {key: written[key] for key in json.loads(CONFIG)} == json.loads(CONFIG)


def test_its_default_route_is_a_warning(made):
    warnings = [text for _task, result in made.results for text in result.get("warnings", [])]
    assert any("attachments[0].config.ipam.routes[0].dst: a default route" in text for text in warnings), warnings


def test_both_have_an_address_of_the_range_on_net1(apps):
    found = [apps.address(name) for name in APPS]
    assert {item.network for item in found} == {ipaddress.ip_network("198.17.0.0/24")}
    numbers = {int(str(item.ip).rsplit(".", 1)[1]) for item in found}
    assert len(numbers) == 2
    assert numbers <= set(range(200, 217))


@pytest.mark.parametrize("name", APPS)
def test_net1_is_an_ipvlan_without_arp(apps, name):
    (link,) = json.loads(apps.kubectl("-n", "shop", "exec", name, "--", "ip", "-j", "-d", "link", "show", "net1"))
    assert link["linkinfo"]["info_kind"] == "ipvlan"
    assert link["linkinfo"]["info_data"]["mode"] == "l3"
    assert "NOARP" in link["flags"]


@pytest.mark.parametrize(("one", "other"), [APPS, APPS[::-1]])
def test_they_ping_each_other_over_net1(apps, one, other):
    assert " 0% packet loss" in apps.ping(one, other, "-c", "4", "-W", "5")


def test_the_machines_own_kernel_carries_it(lab, project, apps):
    vm = machines.Machine(NODE, lab, project)
    assert "ipvlan" in vm.check("lsmod")
