# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws that hold for any right configuration: nothing of it is lost, it is stable, and one thing wrong is noticed."""

from __future__ import annotations

import configparser

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils import networkmanager, networkmanager_read
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_compare import compare
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import read_config
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    EXISTING,
    OURS,
    configs,
    content,
    edit,
    errors,
    mac,
    rendered,
)
from hypothesis import given
from hypothesis import strategies as st

WRONG = [
    ("ethernets.eth9", {"match": {"macaddress": mac(0)}}),
    ("ethernets.eth9", {"addresses": ["172.30.0.21/24"]}),
    ("ethernets.eth9", {"addresses": ["10.66.0.2/24"], "routes": [{"to": "default", "via": "10.66.0.1"}]}),
    ("ethernets.eth9", {"routing-policy": [{"from": "10.0.0.0/8", "table": 2004, "priority": 1000}]}),
    ("ethernets.eth9", {"routing-policy": [{"from": "10.0.0.0/8", "table": 1000, "priority": 109}]}),
    ("ethernets.id0", {"set-name": "wan"}),
    ("bonds.id0", {}),
    ("bonds.up9", {"interfaces": ["id0"]}),
    ("bonds.a-name-of-16-cha", {}),
    ("vlans.v9", {"id": 9}),
    ("vlans.v9", {"id": 9, "link": "nowhere"}),
    ("bridges.br9", {"interfaces": ["br9"]}),
    ("wifis", {}),
    ("renderer", "NetworkManager"),
]


def texts(value):
    """A configuration as netplan reads it: every scalar a text."""
    if isinstance(value, dict):
        return {key: texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [texts(inner) for inner in value]
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


@given(configs())
def test_netplans_file_says_what_was_asked(config):
    found = yaml.load(content(rendered(config)), Loader=yaml.BaseLoader)["network"]
    assert found.pop("version") == "2"
    wanted = texts(read_config(config, "config", Report()))
    for name, device in wanted.get("ethernets", {}).items():
        if "macaddress" in device.get("match", {}):
            device.setdefault("set-name", name)
    assert found == wanted


@given(configs())
def test_a_second_run_writes_the_same_and_removes_nothing(config):
    first = rendered(config)
    again = rendered(config, existing=EXISTING["netplan"] | {OURS: content(first)})
    assert (again.files, again.removed_devices) == (first.files, ())


@given(configs(), configs())
def test_devices_that_go_are_those_that_nothing_makes(config, other):
    def made(given_config):
        return {name for kind in ("bonds", "bridges", "vlans") for name in given_config.get(kind, {})}

    there = EXISTING["netplan"] | {OURS: content(rendered(config))}
    gone = rendered(other, existing=there, allow_management_nic=True).removed_devices
    assert set(gone) == made(config) - made(other)
    assert len(set(gone)) == len(gone)
    for place, name in enumerate(gone):
        link = config.get("vlans", {}).get(name, {}).get("link")
        below = {link, *config.get("bridges", {}).get(name, {}).get("interfaces", [])}
        assert not below & set(gone[:place])


@given(configs(), st.sampled_from(WRONG))
def test_one_thing_wrong_is_noticed(config, wrong):
    path, value = wrong
    found = errors(edit(config, path, value))
    assert found
    assert all(error.startswith("config.") for error in found)


@given(configs(netplan=False))
def test_keyfiles_say_what_was_asked(config):
    result = rendered(config, "networkmanager")
    files = {file.path: file.content for file in result.files if networkmanager_read.reads(file.path)}
    wanted = read_config(config, "config", Report())
    assert set(files) == {networkmanager.keyfile(name) for devices in wanted.values() for name in devices}
    for text in files.values():
        configparser.RawConfigParser(delimiters=("=",), strict=True).read_string(text)
    report = Report()
    found = networkmanager_read.read(files, report)
    assert report.warnings == []
    for devices in wanted.values():
        for name, device in devices.items():
            definition = found[name]
            assert sorted(str(one) for _entry, one in definition.addresses) == sorted(device.get("addresses", []))
            assert len(definition.get("routes") or []) == len(device.get("routes", []))
            rules = definition.get("routing-policy") or []
            assert [(rule["table"], rule["priority"]) for rule in rules] == [
                (rule["table"], rule["priority"]) for rule in device.get("routing-policy", [])
            ]
            assert sorted(definition.get("interfaces") or []) == sorted(device.get("interfaces", []))
            assert (definition.get("mtu"), definition.get("id")) == (device.get("mtu"), device.get("id"))
            assert definition.get("link") == device.get("link")


@given(configs(netplan=False), configs(netplan=False))
def test_a_comparison_is_empty_for_equal_files_only(config, other):
    one, two = (
        {file.path: file.content for file in rendered(given_config, "networkmanager").files}
        for given_config in (config, other)
    )
    assert not compare(one, one).changed
    assert compare(one, two).changed is (one != two)
    assert compare(one, two).files == compare(two, one).files


@pytest.mark.parametrize("backend", ["netplan", "networkmanager"])
@given(config=configs(netplan=False))
def test_both_back_ends_take_the_same(backend, config):
    assert errors(config, backend) == []
