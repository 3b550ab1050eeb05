# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and NICs: what may be called how, who takes which NIC, and whether the node has it."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts, pin
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import definitions, merge
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    CONFIG,
    SOUND,
    content,
    edit,
    errors,
    facts,
    mac,
    nic,
    rendered,
    warnings,
)

THEIRS = f"existing[{CONFIG}].ethernets.id0"


def one(settings, name="eth1", kind="ethernets"):
    return merge(definitions({kind: {name: settings}}, "config", own=True))[name]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("bonds.bond4567890123456", {"interfaces": []}, "the name is longer than 15 characters, and is ignored then"),
        ("ethernets.eth5678901234567", {}, "the name is longer than 15 characters, and is ignored then"),
        ("vlans.a:b", {"id": 1, "link": "eth1"}, "no interface can have the name (got a:b)"),
        ("bridges.all", {}, "no interface can have the name (got all)"),
        ("bridges.lo", {}, "no interface can have the name (got lo)"),
        ("bridges.cilium_host", {}, "the name is one of Cilium's (got cilium_host)"),
        ("bridges.lxc1", {}, "the name is one of Cilium's (got lxc1)"),
    ],
)
def test_names(path, value, message):
    (error,) = errors(edit(SOUND, path, value))
    assert error.startswith(f"config.{path}: {message}")


def test_a_new_name_counts_and_not_that_of_a_definition_with_match():
    named = {"match": {"macaddress": mac(5)}, "set-name": "eth5678901234567"}
    assert errors({"ethernets": {"x": named}}) == [
        "config.ethernets.x.set-name: the name is longer than 15 characters, and is ignored then (got "
        "eth5678901234567). Give a shorter name."
    ]
    assert errors({"ethernets": {"a-very-long-name-of-a-definition": named | {"set-name": "eth5"}}}) == []
    assert errors({"ethernets": {"lo": {"addresses": ["127.0.0.2/8"]}}}, node_network=facts()) == []


@pytest.mark.parametrize(
    ("device", "path", "message"),
    [
        ({"match": {"macaddress": mac(0).upper()}}, ".match.macaddress", f"{mac(0)} is matched by {THEIRS} too"),
        ({"match": {"name": "eth0"}}, ".match", f"eth0 is taken by {THEIRS} too"),
        ({"match": {"name": "eth[0]"}}, ".match", f"eth0 is taken by {THEIRS} too"),
        ({"match": {"name": "eth1"}}, ".match.name", "eth1 is taken by config.ethernets.eth1 too"),
        ({"match": {"macaddress": mac(5)}, "set-name": "bond0"}, None, "bond0 is the name of"),
        ({"match": {"macaddress": mac(5)}, "set-name": "eth1"}, None, "eth1 is the name of"),
    ],
)
def test_one_nic_in_two_definitions(device, path, message):
    config = edit(SOUND, "ethernets.eth1.match", {"name": "eth1"})
    (error,) = errors(edit(config, "ethernets.wan", device), node_network=facts())
    assert message in error
    assert path is None or error.startswith(f"config.ethernets.wan{path}: ")


def test_without_facts_the_files_alone_say_it():
    (error,) = errors({"ethernets": {"wan": {"match": {"macaddress": mac(0)}}}})
    assert error.startswith(f"config.ethernets.wan.match.macaddress: {mac(0)} is matched by {THEIRS} too.")
    assert errors({"ethernets": {"eth0": {}}}) == []


def test_names_keep_functions_of_one_address_apart():
    two = {
        "a": {"match": {"macaddress": mac(1), "name": "p0"}, "set-name": "a"},
        "b": {"match": {"macaddress": mac(1), "name": "p1"}, "set-name": "b"},
    }
    assert errors({"ethernets": two}) == []


def test_two_files_of_others_are_not_ours_to_judge():
    again = {"network": {"ethernets": {"id1": {"match": {"macaddress": mac(0)}}}}}
    files = {
        CONFIG: {"network": {"ethernets": {"id0": {"match": {"macaddress": mac(0)}}}}},
        "/etc/netplan/z.yaml": again,
    }
    assert errors({"ethernets": {"eth1": {}}}, existing=files) == []


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        (
            "ethernets.eth1.match",
            {"macaddress": "52:54:00:99:99:99"},
            "config.ethernets.eth1.match.macaddress: no NIC of the node has it (got 52:54:00:99:99:99). Give one of "
            + ", ".join(mac(number) for number in range(6))
            + ".",
        ),
        (
            "ethernets.eth77",
            {},
            "config.ethernets.eth77: the node has no such interface (got eth77). Its interfaces are: eth0, eth1, eth2, "
            "eth3, eth4, eth5, lo.",
        ),
        (
            "ethernets.wan",
            {"match": {"name": "ens9"}},
            "config.ethernets.wan.match.name: the node has no such interface (got ens9). Its interfaces are: eth0, "
            "eth1, eth2, eth3, eth4, eth5, lo.",
        ),
        (
            "bonds.eth5",
            {"interfaces": []},
            "config.bonds.eth5: the node has an interface of that name, a piece of hardware. Give another name.",
        ),
        (
            "ethernets.eth1.match",
            {},
            "config.ethernets.eth1.match: it takes every interface, pods' ones too. Give name or macaddress.",
        ),
    ],
)
def test_what_the_node_lacks(path, value, error):
    assert errors(edit(SOUND, path, value), node_network=facts()) == [error]


def test_without_facts_nothing_is_known_to_be_missing():
    config = edit(SOUND, "ethernets.wan", {"match": {"name": "ens9"}})
    assert errors(edit(config, "ethernets.eth77", {})) == []


def test_a_pattern_may_match_later():
    assert warnings({"ethernets": {"wan": {"match": {"name": "ens*"}}}}, node_network=facts()) == [
        "config.ethernets.wan.match.name: the node has no such NIC now (got ens*). Correct the name if one is meant."
    ]


def test_networkd_asks_for_the_permanent_address():
    config = {"ethernets": {"eth1": {"match": {"macaddress": mac(1)}}}}
    known = facts(nic("eth1", 1, False))
    assert errors(config, node_network=known) == [
        "config.ethernets.eth1.match.macaddress: it is not the permanent address of eth1, and networkd looks for no "
        "other. Match by name: eth1."
    ]
    assert errors(config, "networkmanager", node_network=known) == []
    assert errors(config, node_network=facts()) == []


def test_a_member_of_a_bond_is_found_by_its_permanent_address():
    """Its present address is that of the bond, and of the VLANs above."""
    known = facts(
        nic("eth2", 2, mac=mac(3), master="bond0"),
        nic("bond0", 3, False, kind="bond"),
        nic("vlan100", 3, False, kind="vlan"),
    )
    found = Facts(known)
    assert [entry["name"] for entry in found.hardware(mac(2))] == ["eth2"]
    assert [entry["name"] for entry in found.hardware(mac(3))] == ["eth3"]


@pytest.mark.parametrize("key", ["addresses", "set-name", "macaddress"])
@pytest.mark.parametrize("match", [{"name": "eth[45]"}, {"driver": "e1000", "name": "eth[45]"}])
def test_what_only_one_nic_can_have(key, match):
    value = {"addresses": ["10.9.0.2/24"], "set-name": "wan", "macaddress": mac(7)}[key]
    config = {"ethernets": {"x": {"match": match, key: value}}}
    for known, who in ((facts(), "it takes eth4 and eth5"), (None, "it can take several NICs")):
        (error,) = errors(config, node_network=known)
        assert error.startswith(f"config.ethernets.x.match: {who}, and only one can have its {key}")
    assert errors({"ethernets": {"x": {"match": match, "mtu": 9000}}}, node_network=facts()) == []
    one_nic = {"ethernets": {"x": {"match": {"name": "eth[4]"}, key: value}}}
    assert errors(one_nic, node_network=facts()) == []


@pytest.mark.parametrize("state", ["missing", "blocked"])
@pytest.mark.parametrize(
    ("module", "device", "shown"),
    [("bonding", "bonds.bond0", "bonding"), ("bridge", "bridges.br0", "bridge"), ("vlan", "vlans.vlan100", "8021q")],
)
def test_kernel(state, module, device, shown):
    (error,) = errors(SOUND, node_network=facts(kernel={module: state}))
    assert error.startswith(f"config.{device}: the node's kernel cannot make a ")
    assert error.endswith(f"its module is {state}. Install or allow the kernel module {shown}.")
    assert errors(SOUND, node_network=facts(kernel={module: "available"})) == []


def test_netplan_takes_no_new_name_without_match():
    assert errors({"ethernets": {"eth1": {"set-name": "wan"}}}) == [
        "config.ethernets.eth1.set-name: netplan takes it with match only. Give match.macaddress."
    ]


@pytest.mark.parametrize("key", ["mtu", "macaddress"])
def test_what_udev_is_too_late_for(key):
    config = {"ethernets": {"eth1": {key: 9000 if key == "mtu" else mac(7)}}}
    assert warnings(config) == [
        f"config.ethernets.eth1.{key}: networkd does not set it reliably on a NIC that is matched by name. Give "
        "match.macaddress, or the facts of the node."
    ]
    assert warnings(config, node_network=facts()) == []
    assert warnings(config, node_network=facts(nic("eth1", 1, False))) == []


def test_the_id_becomes_the_name_and_the_permanent_address_the_match():
    text = content(rendered({"ethernets": {"eth1": {"mtu": 9000}}}, node_network=facts()))
    assert f'match:\n        macaddress: "{mac(1)}"\n      set-name: eth1\n      mtu: 9000\n' in text


@pytest.mark.parametrize(
    ("device", "becomes"),
    [
        ({}, {"match": {"macaddress": mac(1)}, "set-name": "eth1"}),
        ({"match": {"macaddress": mac(2)}}, {"match": {"macaddress": mac(2)}, "set-name": "eth1"}),
        ({"match": {"macaddress": mac(2)}, "set-name": "x"}, None),
        ({"match": {"name": "eth1"}}, None),
        ({"link": "eth0"}, None),
    ],
)
def test_pinning(device, becomes):
    assert pin({"eth1": device}, {}, Facts(facts())) == {"eth1": becomes or device}


def test_not_pinned():
    assert pin({"eth1": {}}, {}, Facts(None)) == {"eth1": {}}
    assert pin({"eth1": {}}, {}, Facts(facts(nic("eth1", 1, False)))) == {"eth1": {}}
    assert pin({"eth1": {}}, {"eth1": one({})}, Facts(facts())) == {"eth1": {}}
    assert pin({"enp1": {}}, {}, Facts(facts(nic("eth1", 1, altnames=["enp1"])))) == {"enp1": {}}


def test_what_a_definition_takes_now():
    found = Facts(facts(nic("wan", 5, altnames=["enp1s0"])))
    assert found.taken(one({"match": {"name": "enp1*"}})) == ["wan"]
    assert found.taken(one({"match": {"name": "ens1"}, "set-name": "wan"})) == ["wan"]
    assert found.taken(one({"match": {"driver": ["ixgbe", "e1*"], "name": "eth[34]"}})) == ["eth3", "eth4"]
    assert found.taken(one({}, "enp1s0")) == ["wan"]
    assert found.taken(one({}, "bond0", "bonds")) == []
