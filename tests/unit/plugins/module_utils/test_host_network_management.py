# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NIC with the node's address: what finds it, and every change of it that needs consent."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_management import carriers
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import definitions, merge
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    CONFIG,
    EKS_ANYWHERE,
    OURS,
    STATIC,
    STATIC_CONNECTION,
    address,
    edit,
    errors,
    facts,
    mac,
    nic,
)

NODE = ["172.30.0.21"]
CARRIES = "it carries the node's address 172.30.0.21, and this changes"
CONSENT = (
    "Leave it as it is, or set allow_management_nic: true (in role host_network: host_network_allow_management_nic)."
)
BONDED = {
    "network": {
        "ethernets": {"p1": {"match": {"macaddress": mac(0)}}, "p2": {"match": {"macaddress": mac(1)}}},
        "bonds": {"bond0": {"interfaces": ["p1", "p2"], "parameters": {"mode": "802.3ad"}}},
        "vlans": {
            "node": {
                "id": 5,
                "link": "bond0",
                "addresses": ["172.30.0.21/24"],
                "routes": [{"to": "default", "via": "172.30.0.1"}],
            }
        },
    }
}


@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        ({"set-name": "wan"}, "set-name", f"{CARRIES} set-name (was null, got wan)"),
        ({"macaddress": mac(7)}, "macaddress", f"{CARRIES} macaddress (was null, got {mac(7)})"),
        ({"dhcp6": True}, "dhcp6", f"{CARRIES} dhcp6 (was false, got true)"),
        ({"activation-mode": "manual"}, "activation-mode", f"{CARRIES} activation-mode (was null, got manual)"),
        (
            {"match": {"macaddress": mac(7)}},
            "match.macaddress",
            f"{CARRIES} match.macaddress (was {mac(0)}, got {mac(7)})",
        ),
    ],
)
def test_changes_that_need_consent(change, key, message):
    config = {"ethernets": {"id0": change}}
    assert errors(config, management_addresses=NODE) == [f"config.ethernets.id0.{key}: {message}. {CONSENT}"]
    assert errors(config, management_addresses=NODE, allow_management_nic=True) == []


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"mtu": 9000},
        {"addresses": ["172.30.0.22/24"]},
        {"routes": [{"to": "10.9.0.0/16", "via": "172.30.0.9"}]},
        {"routing-policy": [{"from": "172.30.0.21", "table": 254, "priority": 1000}]},
        {"nameservers": {"addresses": ["1.1.1.1"]}, "optional": True, "match": {"macaddress": mac(0)}},
    ],
)
def test_changes_that_do_not_move_it(change):
    assert errors({"ethernets": {"id0": change}}, management_addresses=NODE) == []
    assert errors({"ethernets": {"id0": change}}, node_network=facts(), management_addresses=NODE) == []


def test_the_name_it_has_is_no_new_one():
    config = {"ethernets": {"id0": {"set-name": "eth0"}}}
    assert errors(config, node_network=facts()) == []
    assert len(errors(edit(config, "ethernets.id0.set-name", "wan"), node_network=facts())) == 1
    assert len(errors(config)) == 1


def test_another_default_route():
    found = errors({"ethernets": {"id0": {"routes": [{"to": "default", "via": "172.30.0.9", "metric": 5}]}}})
    assert found[0].startswith(
        "config.ethernets.id0.routes: it carries the node's address, and this changes its default route (was "
        '["172.30.0.1"], got ["172.30.0.1", "172.30.0.9"]).'
    )


@pytest.mark.parametrize("kind", ["bonds", "bridges"])
@pytest.mark.parametrize("known", [None, facts()])
def test_part_of_a_bond_or_bridge(kind, known):
    existing = {CONFIG: {"network": {"ethernets": {"id0": {"match": {"macaddress": mac(0)}}}}}}
    options = {"existing": existing, "node_network": known} if known else {}
    config = {kind: {"up0": {"interfaces": ["id0"], "parameters": {}}}}
    found = [error for error in errors(config, management_addresses=NODE, **options) if "makes it part" in error]
    assert found == [
        f"config.{kind}.up0.interfaces[0]: id0 carries the node's address, and this makes it part of up0. {CONSENT}"
    ]


def test_a_nic_of_the_node_that_no_file_knows():
    known = facts()
    config = {"bonds": {"up0": {"interfaces": ["eth0"], "parameters": {"mode": "802.3ad"}}}, "ethernets": {"eth0": {}}}
    found = errors(config, existing={}, node_network=known)
    assert "config.bonds.up0.interfaces[0]: eth0 carries the node's address, and this makes it part of up0." in found[0]
    taken = {"ethernets": {"eth0": {"addresses": ["172.30.0.22/24"]}}}
    options = {"existing": {}, "node_network": known, "management_addresses": NODE}
    assert errors(taken, **options) == [
        f"config.ethernets.eth0.addresses: eth0 carries the node's address, 172.30.0.21, and this lacks it. {CONSENT}"
    ]
    assert errors(edit(taken, "ethernets.eth0.addresses[0]", "172.30.0.21/24"), **options) == []
    assert errors(edit(taken, "ethernets.eth0.dhcp4", True), **options) != []
    known["interfaces"][0]["addresses"] = [address("172.30.0.21/24", dynamic=True)]
    assert errors({"ethernets": {"eth0": {"dhcp4": True}}}, **options) == []
    renamed = {"ethernets": {"wan": {"match": {"macaddress": mac(0)}, "dhcp4": True}}}
    assert errors(renamed, **options) == [
        f"config.ethernets.wan.set-name: eth0 carries the node's address, and this renames it (got wan). {CONSENT}"
    ]


STACK = {
    "ethernets": {"p1": {"set-name": "p1"}},
    "bonds": {"bond0": {"parameters": {"mode": "802.3ad", "lacp-rate": "fast"}}},
}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"ethernets": {"p1": {"macaddress": mac(7)}}}, "ethernets.p1.macaddress"),
        ({"bonds": {"bond0": {"parameters": {"lacp-rate": "fast"}}}}, "bonds.bond0.parameters"),
        ({"bonds": {"bond0": {"interfaces": ["p3"]}}, "ethernets": {"p3": {}}}, "bonds.bond0.interfaces"),
        ({"vlans": {"node": {"id": 6}}}, "vlans.node.id"),
    ],
)
def test_what_it_sits_on(change, where):
    found = errors(change, existing={CONFIG: BONDED}, management_addresses=NODE)
    assert [error.partition(": ")[0] for error in found] == [f"config.{where}"]
    assert CONSENT in found[0]
    assert errors(change, existing={CONFIG: BONDED}, management_addresses=["10.9.9.9"]) != []


def ours(text):
    return {CONFIG: "network: {ethernets: {id0: {match: {macaddress: 52:54:00:12:34:50}}}}", OURS: text}


def test_taking_it_out_of_our_own_file():
    text = "network: {ethernets: {id0: {addresses: [172.30.0.21/24]}, eth5: {addresses: [10.5.0.2/24]}}}"
    assert errors({}, existing=ours(text), management_addresses=["10.5.0.2"]) == [
        f"config.ethernets.eth5: it carries the node's address 10.5.0.2, and the definition is gone. {CONSENT}"
    ]
    (error,) = errors({"ethernets": {"eth5": {}}}, existing=ours(text), management_addresses=["10.5.0.2"])
    assert error.startswith(
        "config.ethernets.eth5.addresses: it carries the node's address 10.5.0.2, and this changes "
    )
    (error,) = errors({}, existing=ours(text), management_addresses=NODE)
    assert "this changes its addresses" in error
    assert (
        errors(
            {"ethernets": {"eth5": {}}},
            existing=ours(text),
            management_addresses=["10.5.0.2"],
            allow_management_nic=True,
        )
        == []
    )


def test_a_new_address_before_it():
    text = "network: {ethernets: {eth5: {addresses: [10.5.0.2/24]}}}"
    config = {"ethernets": {"eth5": {"addresses": ["10.6.0.2/24", "10.5.0.2/24"]}}}
    assert "this changes its addresses" in errors(config, existing=ours(text), management_addresses=["10.5.0.2"])[0]


def test_another_name_for_the_definition_of_its_nic():
    text = f"network: {{ethernets: {{a: {{match: {{macaddress: {mac(5)}}}, addresses: [10.5.0.2/24]}}}}}}"
    config = {"ethernets": {"b": {"match": {"macaddress": mac(5)}, "set-name": "x", "addresses": ["10.5.0.2/24"]}}}
    options = {"existing": ours(text), "management_addresses": ["10.5.0.2"]}
    (error,) = errors(config, **options)
    assert error.startswith(
        "config.ethernets.b.set-name: it carries the node's address 10.5.0.2, and this changes set-"
    )


@pytest.mark.parametrize(
    ("given", "known", "ids", "names"),
    [
        (NODE, None, {"id0"}, set()),
        ([], None, {"id0"}, set()),
        (["172.30.0.99"], None, {"id0"}, set()),
        (["10.5.0.2"], None, {"eth5"}, set()),
        (NODE, facts(), {"id0"}, {"eth0"}),
        ([], facts(), {"id0"}, {"eth0"}),
        (["10.4.0.2"], facts(nic("eth4", 4, addresses=[address("10.4.0.2/24")])), set(), {"eth4"}),
        (
            ["10.4.0.2"],
            facts(
                nic("v4", 4, kind="vlan", parent="b4", addresses=[address("10.4.0.2/24")]),
                nic("b4", 4, kind="bond"),
                nic("eth4", 4, master="b4"),
                nic("eth5", 5, master="b4"),
            ),
            {"eth5"},
            {"v4", "b4", "eth4", "eth5"},
        ),
    ],
)
def test_who_carries_it(given, known, ids, names):
    network = {
        "ethernets": {
            "id0": {
                "match": {"macaddress": mac(0)},
                "addresses": ["172.30.0.21/24"],
                "routes": [{"to": "default", "via": "172.30.0.1"}],
            },
            "eth5": {"addresses": ["10.5.0.2/24"]},
        }
    }
    found = carriers(merge(definitions(network, "p")), Facts(known), given)
    assert (found.ids, found.names) == (ids, names)


def test_with_networkmanager_ours_takes_the_place_of_theirs():
    config = {
        "ethernets": {"wan": {"match": {"macaddress": mac(0)}, "set-name": "wan", "addresses": ["172.30.0.22/24"]}}
    }
    found = errors(config, "networkmanager", existing={STATIC: STATIC_CONNECTION}, management_addresses=NODE)
    assert [error.partition(": ")[0] for error in found] == [
        "config.ethernets.wan.addresses",
        "config.ethernets.wan.routes",
        "config.ethernets.wan.set-name",
    ]
    same = {
        "match": {"macaddress": mac(0)},
        "set-name": "eth0",
        "addresses": ["172.30.0.21/24", "172.30.0.22/24"],
        "routes": [{"to": "default", "via": "172.30.0.1"}],
    }
    options = {"node_network": facts(), "management_addresses": NODE}
    assert errors({"ethernets": {"wan": same}}, "networkmanager", **options) == []


def test_an_address_that_is_none():
    assert errors({}, existing={CONFIG: EKS_ANYWHERE}, management_addresses=["172.30.0.21/24"]) == [
        "management_addresses[0]: it is not an IP address (got 172.30.0.21/24). Give an address, as 10.0.0.10."
    ]
