# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who configures network and firewall of a node."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import node_nftables, node_owners, node_programs
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_nftables import chain, messages, table
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_owners import (
    changes,
    firewalls,
    legacy,
    nft,
    owned_chains,
    packages,
    read_changes,
    read_iptables,
    read_packages,
    read_services,
    services,
    stack,
    ufw_is_on,
    upstream,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import packets, printing, program, recorded
from hypothesis import given
from hypothesis import strategies as st

NOTHING = {"active": False, "enabled": False, "installed": False}


@pytest.fixture
def bin_dir(tmp_path, monkeypatch):
    """The only place with programs."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(node_programs, "FOLDERS", ())
    return tmp_path / "bin"


def contents(name):
    return [content for packet in packets(name) for kind, _flags, content in messages(packet) if kind > 15]


def units(**changes):
    return {name: {**NOTHING, **changes.get(name, {})} for name in node_owners.UNITS.values()}


def test_services_of_a_node(bin_dir):
    program(bin_dir, "systemctl", printing("w1.systemctl.txt"))
    assert services(5) == {
        "networkd": {"active": True, "enabled": True, "installed": True},
        "networkmanager": NOTHING,
        "nftables": {"active": False, "enabled": False, "installed": True},
        "firewalld": NOTHING,
        "ufw": NOTHING,
        "iptables": NOTHING,
        "netfilter_persistent": NOTHING,
    }


def test_the_units_are_asked_for_in_the_order_in_which_they_are_read(bin_dir):
    script = 'shift 3; for unit; do printf "LoadState=loaded\\nActiveState=$unit\\nUnitFileState=\\n\\n"; done'
    program(bin_dir, "systemctl", script.replace("$unit", "active"))
    assert {name: state["active"] for name, state in services(5).items()} == dict.fromkeys(
        node_owners.UNITS.values(), True
    )


@pytest.mark.parametrize(
    ("state", "active"),
    [("active", True), ("activating", True), ("reloading", True), ("inactive", False), ("failed", False)],
)
def test_a_service_is_active(state, active):
    printed = f"LoadState=loaded\nActiveState={state}\nUnitFileState=disabled\n\n" * len(node_owners.UNITS)
    assert {unit["active"] for unit in read_services(printed).values()} == {active}


@pytest.mark.parametrize("printed", ["", "System has not been booted with systemd as init system"])
def test_without_systemd_nothing_is_known_of_services(printed):
    assert read_services(printed)["networkd"] == {"active": None, "enabled": None, "installed": None}


def test_without_systemctl_nothing_is_known_of_services(bin_dir):
    assert services(5)["firewalld"]["active"] is None


def test_packages_of_debian(bin_dir):
    program(bin_dir, "dpkg-query", printing("w1.dpkg-query.txt") + "; exit 1")
    program(bin_dir, "rpm", "echo installed firewalld 9-9")
    assert packages(5) == {"netplan": "0.106-2+deb12u1", "nftables": "1.0.6-2+deb12u2", "networkd": "252.39-1~deb12u2"}


@pytest.mark.parametrize("dpkg", [False, True])
def test_packages_of_red_hat(bin_dir, dpkg):
    """Even where someone installed dpkg, which knows no package then."""
    printed = "installed systemd 252-46.el9_5\npackage ufw is not installed\ninstalled NetworkManager 1.48.10-2.el9_5\n"
    program(bin_dir, "rpm", f"printf '{printed}'; exit 1")
    if dpkg:
        program(bin_dir, "dpkg-query", "exit 1")
    assert packages(5) == {"networkd": "252-46.el9_5", "networkmanager": "1.48.10-2.el9_5"}


def test_without_a_package_manager_nothing_is_known_of_packages(bin_dir):
    assert packages(5) == {}


def test_a_package_that_was_removed_is_not_installed():
    assert read_packages("config-files ufw 0.36.1-4\nnot-installed netplan \ninstalled bash 5\n") == {}


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("0.106.1-7ubuntu0.22.04.4", "0.106.1"),
        ("252.39-1~deb12u2", "252.39"),
        ("1.3.4-9.el9_5", "1.3.4"),
        ("1:2.0.0-1", "2.0.0"),
        ("2.3.1", "2.3.1"),
        ("249.11-0ubuntu3.12", "249.11"),
        (None, None),
    ],
)
def test_the_version_of_the_software(package, version):
    assert upstream(package) == version


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("iptables v1.8.9 (nf_tables)\n", ("1.8.9", "nft")),
        ("iptables v1.8.4 (legacy)\n", ("1.8.4", "legacy")),
        ("iptables v1.6.1\n", ("1.6.1", "legacy")),
        ("", (None, None)),
        ("xtables-multi: error", (None, None)),
    ],
)
def test_the_backend_of_iptables(printed, expected):
    assert read_iptables(printed) == expected


def test_chains_are_counted_by_their_owner():
    names = ["KUBE-SVC-A", "KUBE-SEP-B", "CILIUM_INPUT", "OLD_CILIUM_INPUT", "cali-INPUT", "CNI-HOSTPORT-DNAT", "INPUT"]
    assert owned_chains(names) == {"calico": 1, "cilium": 2, "cni": 1, "kubernetes": 2}


@given(st.lists(st.sampled_from(["KUBE-A", "CILIUM_A", "kube-a", "INPUT", "ufw-user-input", "WEAVE-NPC"])))
def test_no_chain_is_counted_twice(names):
    own = [name for name in names if name.startswith(("KUBE-", "CILIUM_", "WEAVE-"))]
    assert sum(owned_chains(names).values()) == len(own)


def test_the_nft_backend_of_a_node():
    found = nft(map(table, contents("w1.nft-tables.hex")), map(chain, contents("w1.nft-chains.hex")))
    assert {(one["family"], one["name"]) for one in found["tables"]} == {
        ("ip", "filter"),
        ("ip", "mangle"),
        ("ip", "nat"),
        ("ip", "raw"),
        ("ip6", "filter"),
        ("ip6", "mangle"),
        ("ip6", "nat"),
    }
    assert found["chains"] == {"cilium": 10, "kubernetes": 41}


def test_tables_that_are_not_those_of_iptables():
    own = [("inet", "filter"), ("ip", "kube-proxy"), ("inet", "firewalld"), ("ip", "nat")]
    found = nft(
        [{"family": family, "name": name, "owned": False} for family, name in own],
        [("inet", "filter", "KUBE-A"), ("ip", "kube-proxy", "KUBE-B"), ("ip", "nat", "KUBE-C")],
    )
    assert found == {"tables": [{"family": "ip", "name": "nat"}], "chains": {"kubernetes": 1}}


@pytest.fixture
def proc(tmp_path):
    """The lists of the legacy backend's tables."""

    def _proc(ip, ip6=""):
        (tmp_path / "proc" / "net").mkdir(parents=True)
        (tmp_path / "proc" / "net" / "ip_tables_names").write_text(ip)
        (tmp_path / "proc" / "net" / "ip6_tables_names").write_text(ip6)
        return tmp_path

    return _proc


def test_the_legacy_backend(bin_dir, proc):
    saved = ":PREROUTING ACCEPT [0:0]\n:KUBE-$2 - [0:0]\n-A PREROUTING -j KUBE-X\nCOMMIT\n"
    program(bin_dir, "iptables-legacy-save", f'printf "{saved}"; echo "$2" >> "${{0%/*}}/asked"')
    program(bin_dir, "ip6tables-legacy-save", "echo ':CILIUM_INPUT - [0:0]'")
    assert legacy(proc("nat\nfilter\n", "filter\n"), 5) == {
        "tables": [
            {"family": "ip", "name": "nat"},
            {"family": "ip", "name": "filter"},
            {"family": "ip6", "name": "filter"},
        ],
        "chains": {"cilium": 1, "kubernetes": 2},
    }
    assert (bin_dir / "asked").read_text().split() == ["nat", "filter"]


def test_tables_that_the_kernel_does_not_have_are_not_asked_for(bin_dir, proc):
    """iptables-legacy-save would make them."""
    program(bin_dir, "iptables-legacy-save", 'echo asked > "${0%/*}/asked"')
    assert legacy(proc(""), 5) == {"tables": [], "chains": {}}
    assert not (bin_dir / "asked").exists()


def test_tables_without_a_program_to_look_into_them(bin_dir, proc):
    assert legacy(proc("nat\n"), 5) == {"tables": [{"family": "ip", "name": "nat"}], "chains": None}


def test_a_kernel_without_the_legacy_backend(bin_dir, tmp_path):
    assert legacy(tmp_path, 5) == {"tables": [], "chains": {}}


def test_the_legacy_backend_without_root(bin_dir, proc, monkeypatch):
    root = proc("nat\n")

    def refuse(*_about, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    assert legacy(root, 5) is None


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("# ENABLED=yes\nENABLED=no\nLOGLEVEL=low\n", False),
        ("ENABLED=yes\n", True),
        ('ENABLED="yes"\n', True),
        (None, False),
    ],
)
def test_ufw_filters_when_it_is_switched_on(tmp_path, text, on):
    if text is not None:
        (tmp_path / "etc" / "ufw").mkdir(parents=True)
        (tmp_path / "etc" / "ufw" / "ufw.conf").write_text(text)
    assert ufw_is_on(tmp_path) is on


def test_firewalls_of_a_node_with_firewalld(bin_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(node_nftables, "tables", lambda _t: [{"family": "inet", "name": "firewalld", "owned": True}])
    monkeypatch.setattr(node_nftables, "chains", lambda _t: [("inet", "firewalld", "filter_INPUT")])
    on = {"active": True, "enabled": True, "installed": True}
    found = firewalls(tmp_path, 5, True, units(firewalld=on, ufw=on, iptables=on), {"firewalld": "1.3.4-9.el9_5"})
    assert found == {
        "nftables": {
            **NOTHING,
            "version": None,
            "package": None,
            "tables": [{"family": "inet", "name": "firewalld", "owned": True}],
        },
        "iptables": {
            "version": None,
            "backend": None,
            "nft": {"tables": [], "chains": {}},
            "legacy": {"tables": [], "chains": {}},
            "service_active": True,
        },
        "firewalld": {**on, "version": "1.3.4", "package": "1.3.4-9.el9_5"},
        "ufw": {**on, "active": False, "version": None, "package": None},
    }


def test_a_kernel_without_nf_tables_is_not_asked(bin_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(node_nftables, "tables", None)
    monkeypatch.setattr(node_nftables, "chains", None)
    found = firewalls(tmp_path, 5, False, units(), {})
    assert (found["nftables"]["tables"], found["iptables"]["nft"]) == ([], {"tables": [], "chains": {}})


def test_what_only_root_may_see_is_unknown(bin_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(node_nftables, "tables", lambda _t: None)
    monkeypatch.setattr(node_nftables, "chains", lambda _t: None)
    found = firewalls(tmp_path, 5, True, units(), {})
    assert (found["nftables"]["tables"], found["iptables"]["nft"]) == (None, None)


def test_without_systemd_no_service_restores_rules_that_we_know_of(bin_dir, tmp_path):
    found = firewalls(tmp_path, 5, False, read_services(""), {})
    assert found["iptables"]["service_active"] is None


def test_the_stack_of_a_node():
    found = stack(read_services(recorded("w1.systemctl.txt")), read_packages(recorded("w1.dpkg-query.txt")))
    assert found == {
        "networkd": {
            "installed": True,
            "active": True,
            "enabled": True,
            "version": "252.39",
            "package": "252.39-1~deb12u2",
        },
        "networkmanager": {**NOTHING, "version": None, "package": None},
        "netplan": {"installed": True, "version": "0.106", "package": "0.106-2+deb12u1"},
    }


def test_when_units_changed_their_state(bin_dir, monkeypatch):
    lines = "StateChangeTimestampMonotonic=2500000\n\nStateChangeTimestampMonotonic=0\n"
    assert read_changes(["one", "other"], lines, 1000.0) == {"one": 1002.5}
    assert read_changes(["one", "other", "third"], lines, 1000.0) == {}
    assert changes(["one"], 5) == {}
    program(bin_dir, "systemctl", "printf 'StateChangeTimestampMonotonic=1000000\\n'")
    monkeypatch.setattr(node_owners.time, "time", lambda: 5000.0)
    monkeypatch.setattr(node_owners.time, "monotonic", lambda: 100.0)
    assert changes(["one"], 5) == {"one": 4901.0}
