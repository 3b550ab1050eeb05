# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netplan's files: which count, what they say, and how ours is written."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils import netplan
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import LibraryMissing
from hypothesis import given
from hypothesis import strategies as st

SCALARS = st.one_of(st.booleans(), st.integers(0, 9999), st.text(st.characters(min_codepoint=33, max_codepoint=126)))


def test_files_are_read_by_name_and_the_first_directory_counts():
    given_files = [
        "/etc/netplan/config.yaml",
        "/lib/netplan/00-a.yaml",
        "/run/netplan/config.yaml",
        netplan.FILE,
        "/etc/netplan/60-b.yaml",
        "/etc/netplan/a.yml",
        "/etc/netplan/deeper/b.yaml",
        "/etc/hosts",
    ]
    assert netplan.in_order(given_files) == [
        "/lib/netplan/00-a.yaml",
        "/etc/netplan/60-b.yaml",
        "/run/netplan/config.yaml",
        netplan.FILE,
    ]


@pytest.mark.parametrize("text", ["network: [", "a: b", "- a", "network: 1", {"network": None}])
def test_files_that_netplan_refuses(text):
    report = Report()
    assert netplan.load(text, "p", report) == {}
    assert [problem.path for problem in report.errors] == ["p"]
    assert "netplan writes nothing at all while one file is wrong" in report.errors[0].hint


@pytest.mark.parametrize("text", ["", "# nothing", None])
def test_empty_files(text):
    report = Report()
    assert netplan.load(text, "p", report) == {}
    assert report.errors == []


def test_scalars_are_texts_as_for_netplan():
    text = "network: {ethernets: {id0: {match: {macaddress: 52:54:00:12:34:50}, mtu: 1500, dhcp4: off}}}"
    found = netplan.read(netplan.load(text, "p", Report()), "p")[0]
    assert found.get("match", "macaddress") == "52:54:00:12:34:50"
    assert (found.get("mtu"), found.get("dhcp4")) == (1500, False)


def test_a_parsed_file_is_taken_too():
    assert netplan.load({"network": {"version": 2}}, "p", Report()) == {"version": 2}


def test_devices_of_other_kinds_are_known_by_name():
    found = netplan.read({"vrfs": {"red": {"table": 1}, "renderer": "networkd"}, "wifis": {"w": {"x": 1}}}, "p")
    assert [(one.kind, one.id, one.path) for one in found] == [
        ("vrfs", "red", "p.vrfs.red"),
        ("wifis", "w", "p.wifis.w"),
    ]


def test_without_a_yaml_parser(monkeypatch):
    monkeypatch.setattr(netplan, "HAS_YAML", False)
    with pytest.raises(LibraryMissing):
        netplan.load("network: {}", "p", Report())
    assert netplan.load({"network": {}}, "p", Report()) == {}
    assert netplan.render({"ethernets": {"eth1": {}}}).endswith("network:\n  version: 2\n  ethernets:\n    eth1: {}\n")


def test_our_file():
    text = netplan.render(
        {
            "vlans": {},
            "ethernets": {
                "eth1": {
                    "addresses": ["10.0.0.1/24", {"fd00::1/64": {"label": "a:1"}}],
                    "routes": [{"to": "default", "via": "10.0.0.9"}],
                    "link-local": [],
                }
            },
        }
    )
    assert text == netplan.NOTICE + (
        "network:\n"
        "  version: 2\n"
        "  ethernets:\n"
        "    eth1:\n"
        "      addresses:\n"
        "      - 10.0.0.1/24\n"
        '      - "fd00::1/64":\n'
        '          label: "a:1"\n'
        "      routes:\n"
        "      - to: default\n"
        "        via: 10.0.0.9\n"
        "      link-local: []\n"
    )


def test_what_others_sit_on_comes_first():
    """Else netplan 0.106 reads the file twice, and writes rules twice."""
    devices = {
        "bridges": {"br0": {"interfaces": ["v2"]}},
        "vlans": {"v2": {"link": "v1"}, "v1": {"link": "bond0"}, "a": {"link": "eth1"}},
        "bonds": {"bond0": {"interfaces": ["eth1"]}},
        "ethernets": {"vf": {"link": "eth1"}, "eth1": {}},
    }
    found = yaml.safe_load(netplan.render(devices))["network"]
    assert list(found) == ["version", "ethernets", "bonds", "vlans", "bridges"]
    assert list(found["vlans"]) == ["v1", "v2", "a"]
    assert list(found["ethernets"]) == ["eth1", "vf"]
    found = yaml.safe_load(netplan.render({"vlans": {"v": {"link": "br0"}}, "bridges": {"br0": {}}}))["network"]
    assert list(found) == ["version", "bridges", "vlans"]


def test_a_circle_ends():
    found = yaml.safe_load(netplan.render({"vlans": {"a": {"link": "b"}, "b": {"link": "a"}}}))
    assert sorted(found["network"]["vlans"]) == ["a", "b"]


@given(st.dictionaries(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), SCALARS))
def test_every_text_is_read_back_as_itself(settings):
    text = netplan.render({"ethernets": {"eth1": settings}})
    found = yaml.safe_load(text)["network"].get("ethernets", {}).get("eth1")
    assert found == settings


def test_what_networkd_is_told():
    assert "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n" in netplan.NETWORKD_TEXT
    assert "[Match]\nName=cilium_* lxc*\n\n[Link]\nUnmanaged=yes\n" in netplan.UNMANAGED_TEXT
    assert netplan.UNMANAGED.rpartition("/")[2] < "10-netplan-"
    assert netplan.FILE.rpartition("/")[2] > "config.yaml"
