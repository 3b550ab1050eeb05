# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of one machine, and the text of a template that gives each machine exactly these."""

from __future__ import annotations

import configparser
import json

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan import FILE
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import slots
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_hardware import render
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_network import (
    CONFIG,
    STATIC,
    VLAN,
    check,
    machine_files,
    of_machine,
    template_files,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import stack
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import (
    bare,
    checked,
    hardware_of,
    instantiated,
    machine,
    nic,
)
from hypothesis import given, settings
from hypothesis import strategies as st

BOND = {
    "bonds": {"bond0": {"interfaces": ["eth1", "eth2"], "parameters": {"mode": "active-backup", "primary": "eth1"}}},
    "vlans": {"storage": {"id": 100, "link": "bond0", "mtu": 1400}},
}
BOOT_BOND = {"bonds": {"bond0": {"interfaces": ["boot", "eth1"], "parameters": {"mode": "802.3ad"}}}}
BOOT_VLAN = {"ethernets": {"boot": {"mtu": 9000}}, "vlans": {"storage": {"id": 100, "link": "boot"}}}
PREFIXES = {"boot": 23, "eth1": 24, "eth2": 24, "eth3": 24, "storage": 16}
KEYS = "/etc/NetworkManager/system-connections/eks-anywhere-"


def files(network, family, given=None, **columns):
    (found,) = checked(machine(interfaces=given if given is not None else [nic(1)], **columns))
    laid = slots(found, PREFIXES)
    return {file.path: file for file in machine_files(network, laid, of_machine(found, laid), family)}


def keyfile(text):
    parser = configparser.RawConfigParser(delimiters=("=",), strict=True)
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def test_netplan_of_a_machine():
    found = files({"ethernets": {"eth1": {"mtu": 9000}}}, "ubuntu")
    assert {path: file.mode for path, file in found.items()} == {
        CONFIG: "0600",
        FILE: "0600",
        "/etc/systemd/networkd.conf.d/50-eks-anywhere.conf": "0644",
        "/etc/systemd/network/05-eks-anywhere-cni.network": "0644",
    }
    assert yaml.safe_load(found[CONFIG].content)["network"] == {
        "version": 2,
        "ethernets": {
            "id0": {
                "match": {"macaddress": "cc:48:3a:00:00:01"},
                "addresses": ["10.10.50.2/23"],
                "nameservers": {"addresses": ["8.8.8.8", "8.8.4.4"]},
                "routes": [{"to": "default", "via": "10.10.50.1"}],
            }
        },
    }
    assert yaml.safe_load(found[FILE].content)["network"]["ethernets"] == {
        "eth1": {
            "match": {"macaddress": "cc:48:3a:00:01:01"},
            "set-name": "eth1",
            "mtu": 9000,
            "addresses": ["10.99.0.2/24"],
        }
    }


def test_keyfiles_of_a_machine():
    found = files({}, "redhat")
    assert sorted((path, file.mode) for path, file in found.items()) == [
        ("/etc/NetworkManager/conf.d/90-eks-anywhere.conf", "0644"),
        (f"{KEYS}eth1.nmconnection", "0600"),
        (STATIC, "0600"),
        ("/etc/systemd/network/10-eks-anywhere-eth1.link", "0644"),
    ]
    assert keyfile(found[STATIC].content) == {
        "connection": {"id": "static-connection", "type": "ethernet", "autoconnect-priority": "10"},
        "ethernet": {"mac-address": "cc:48:3a:00:00:01"},
        "ipv4": {
            "method": "manual",
            "address1": "10.10.50.2/23",
            "gateway": "10.10.50.1",
            "dns": "8.8.8.8;8.8.4.4;",
        },
        "ipv6": {"method": "ignore"},
    }
    assert keyfile(found[f"{KEYS}eth1.nmconnection"].content)["ipv4"]["address1"] == "10.99.0.2/24"


def test_a_machine_with_one_nic_has_what_eks_anywhere_gives_it():
    assert list(files({}, "ubuntu", [])) == [CONFIG]
    assert list(files({}, "redhat", [])) == [STATIC]


def test_the_boot_nic_in_a_vlan():
    plan = yaml.safe_load(files({}, "ubuntu", vlan_id=50)[CONFIG].content)["network"]
    assert plan["ethernets"] == {"mainif": {"match": {"macaddress": "cc:48:3a:00:00:01"}, "set-name": "mainif"}}
    assert plan["vlans"]["vlan50"]["addresses"] == ["10.10.50.2/23"]
    assert (plan["vlans"]["vlan50"]["id"], plan["vlans"]["vlan50"]["link"]) == (50, "mainif")
    found = keyfile(files({}, "redhat", vlan_id=50)[VLAN].content)
    assert (found["connection"]["interface-name"], found["vlan"], found["ethernet"]) == (
        "vlan50",
        {"id": "50"},
        {"mac-address": "cc:48:3a:00:00:01"},
    )


def test_the_boot_nic_in_a_bond():
    found = files(BOOT_BOND, "ubuntu", [bare(1, 1)])
    assert yaml.safe_load(found[CONFIG].content)["network"]["ethernets"] == {
        "id0": {"match": {"macaddress": "cc:48:3a:00:00:01"}}
    }
    bond = yaml.safe_load(found[FILE].content)["network"]["bonds"]["bond0"]
    assert (bond["interfaces"], bond["addresses"]) == (["id0", "eth1"], ["10.10.50.2/23"])
    found = files(BOOT_BOND, "redhat", [bare(1, 1)])
    assert STATIC not in found
    boot = keyfile(found[f"{KEYS}boot.nmconnection"].content)
    assert boot["connection"]["master"] == "bond0"
    assert boot["ethernet"] == {"mac-address": "cc:48:3a:00:00:01"}
    bond = keyfile(found[f"{KEYS}bond0.nmconnection"].content)["ipv4"]
    assert (bond["address1"], bond["route1"], bond["dns"]) == (
        "10.10.50.2/23",
        "0.0.0.0/0,10.10.50.1",
        "8.8.8.8;8.8.4.4;",
    )


def test_more_of_the_boot_nic():
    found = files(BOOT_VLAN, "ubuntu", [])
    ours = yaml.safe_load(found[FILE].content)["network"]
    assert ours["ethernets"] == {"id0": {"mtu": 9000}}
    assert ours["vlans"]["storage"]["link"] == "id0"
    found = files(BOOT_VLAN, "redhat", [])
    boot = keyfile(found[f"{KEYS}boot.nmconnection"].content)
    assert (boot["ethernet"]["mtu"], boot["ipv4"]["address1"]) == ("9000", "10.10.50.2/23")
    assert keyfile(found[f"{KEYS}storage.nmconnection"].content)["vlan"]["parent"] == boot["connection"]["uuid"]


@pytest.mark.parametrize("version", ["v0.22.5", "v0.24.1", "v0.26.1"])
@pytest.mark.parametrize("family", ["ubuntu", "redhat"])
@pytest.mark.parametrize(
    ("network", "given", "columns"),
    [
        ({}, [nic], {}),
        ({}, [nic], {"vlan_id": 50}),
        (BOND, [bare, bare], {}),
        (BOOT_BOND, [bare], {}),
        (BOOT_VLAN, [], {}),
        (BOOT_VLAN, [nic], {}),
    ],
)
def test_one_template_gives_each_machine_its_own_files(network, given, columns, family, version):
    machines = checked(
        *(
            machine(number, interfaces=[make(number, place) for place, make in enumerate(given, 1)], **columns)
            for number in (1, 2, 3)
        )
    )
    laid = slots(machines[0], PREFIXES)
    text = template_files(network, laid, bool(columns), family, stack(version))
    for one in machines:
        _same(one, laid, network, family, text)


def _same(one, laid, network, family, text):
    """Hold the template's text, with a machine's values, against the files of that machine."""
    hardware = hardware_of(render(one, "eksa-system"), one.hostname)
    wanted = {file.path: file for file in machine_files(network, laid, of_machine(one, laid), family)}
    found = {file.path: (file.mode, instantiated(file.content, hardware)) for file in text}
    assert found.keys() == wanted.keys()
    for path, (mode, content) in found.items():
        assert mode == wanted[path].mode
        if path.endswith(".yaml"):
            assert yaml.safe_load(content) == yaml.safe_load(wanted[path].content)
        else:
            assert content == wanted[path].content


NETWORKS = st.fixed_dictionaries(
    {},
    optional={
        "ethernets": st.dictionaries(
            st.sampled_from(["eth1", "eth2", "eth3"]),
            st.fixed_dictionaries(
                {},
                optional={
                    "mtu": st.integers(1280, 9216),
                    "optional": st.booleans(),
                    "routes": st.just([{"to": "10.77.0.0/16", "via": "hardware"}]),
                    "routing-policy": st.just([{"from": "hardware", "table": 77, "priority": 1000}]),
                },
            ),
        ),
        "vlans": st.dictionaries(
            st.sampled_from(["storage", "radio"]),
            st.fixed_dictionaries({"id": st.integers(1, 4094), "link": st.sampled_from(["eth1", "eth2", "eth3"])}),
        ),
    },
)


@settings(max_examples=60)
@given(NETWORKS, st.sampled_from(["ubuntu", "redhat"]), st.sampled_from(["v0.23.1", "v0.24.0", "v0.25.3"]))
def test_one_template_for_any_network(network, family, version):
    machines = checked(
        *(
            machine(number, interfaces=[nic(number, place, gateway=f"10.{98 + place}.0.254") for place in (1, 2, 3)])
            for number in (1, 2)
        )
    )
    laid = slots(machines[0], PREFIXES)
    text = template_files(network, laid, False, family, stack(version))
    for one in machines:
        _same(one, laid, network, family, text)


def test_expressions_fit_into_any_style_of_yaml():
    (found,) = checked(machine(interfaces=[nic(1)]))
    for family in ("ubuntu", "redhat"):
        for file in template_files({}, slots(found, PREFIXES), False, family, stack("v0.26.1")):
            for part in file.content.split("{{")[1:]:
                expression = part.partition("}}")[0]
                assert json.dumps(expression) == f'"{expression}"'
                assert "\n" not in expression
                assert "'" not in expression


def test_a_machine_is_judged_with_its_own_values():
    (found,) = checked(machine(interfaces=[nic(1, ip_address="10.10.50.99", netmask="255.255.254.0")]))
    (warning,) = check({}, slots(found, PREFIXES), found, "ubuntu").warnings
    assert "its subnet is on another interface too" in warning
    (found,) = checked(machine())
    network = {"ethernets": {"eth1": {"routes": [{"to": "default", "via": "10.99.0.1"}]}}}
    with pytest.raises(NetworkError, match="config.ethernets.eth1.routes"):
        check(network, slots(found, PREFIXES), found, "ubuntu")
