# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a configuration to the change that the guard carries out, on a node that is a directory with a fake netplan."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network_node, node_programs
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import Guard
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network import Request
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_node import Node
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import program
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    CONFIG,
    EKS_ANYWHERE,
    OURS,
    STATIC,
    STATIC_CONNECTION,
    facts,
)

NETWORKD = "/etc/systemd/networkd.conf.d/50-eks-anywhere.conf"
UNMANAGED = "/etc/systemd/network/05-eks-anywhere-cni.network"
GENERATED = "/run/systemd/network/10-netplan-{}.network"
ONE = {"ethernets": {"eth1": {"addresses": ["10.1.0.2/24"]}}}
NETPLAN = r"""
[ -f "${3}/etc/netplan/broken" ] && exit 9
mkdir -p "$3/run/systemd/network"
echo "[Match]" > "$3/run/systemd/network/10-netplan-id0.network"
if grep -q mtu: "$3"/etc/netplan/*; then echo "netplan knows no such mtu" >&2; exit 1; fi
for name in eth1 eth2; do
    if grep -q "$name:" "$3"/etc/netplan/*; then
        { echo "[Match]"; echo "Name=$name"; grep -h -A9 "$name:" "$3"/etc/netplan/* | grep "/"; } \
            > "$3/run/systemd/network/10-netplan-$name.network"
        chmod 640 "$3/run/systemd/network/10-netplan-$name.network"
    fi
done
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A node as EKS Anywhere leaves it, whose networkd was started a minute ago."""
    programs = tmp_path / "bin"
    program(programs, "netplan", NETPLAN)
    started = int((time.monotonic() - 60) * 1e6)
    program(programs, "systemctl", f"echo ExecMainStartTimestampMonotonic={started}")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(node_programs, "FOLDERS", ())
    monkeypatch.setattr(host_network_node.ssh_connection, "told", lambda: "10.0.0.1 50000 172.30.0.21 22")
    found = tmp_path / "root"
    write(found, CONFIG, EKS_ANYWHERE)
    write(found, GENERATED.format("id0"), "[Match]\n")
    return found


def write(root, name, text):
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def node(root, monkeypatch):
    found = Node(str(root))
    monkeypatch.setattr(found, "facts", facts)
    return found


@pytest.fixture
def plan(node):
    """Return a function that plans for the node."""
    return lambda config=ONE, timeout=120, **more: node.plan(Request(config, **more), timeout)


@pytest.fixture
def apply(root, node, plan):
    """Return a function that carries a plan out and confirms it; networkd is started after the settings are there."""

    def run(*config):
        done = plan(*config)
        node.begin(done)
        os.utime(root / NETWORKD.lstrip("/"), (time.time() - 300,) * 2)
        guard = Guard(str(root), lambda _words: None)
        change = host_network_node.replace(done.change, apply=[])
        identity = guard.start(change)["id"]
        guard.node.apply(identity)
        assert guard.confirm(identity)["ended"] == "confirmed"

    return run


def test_the_first_change_writes_settings_first_and_restarts_networkd(plan):
    found = plan()
    assert {*found.settings} == {NETWORKD, UNMANAGED}
    assert found.change.apply[0] == ["systemctl", "restart", "systemd-networkd.service"]
    assert {*found.change.files} == {OURS, GENERATED.format("eth1")}
    assert found.changed


def test_settings_are_no_part_of_what_is_undone(plan):
    assert not {NETWORKD, UNMANAGED} & {*plan().change.files}


def test_the_second_run_has_nothing_to_do(plan, apply):
    apply()
    found = plan()
    assert (found.changed, found.change, found.before, found.after) == (False, None, {}, {})
    assert found.as_dict()["diff"] == {"before": "", "after": ""}


def test_only_files_that_differ_are_replaced(plan, apply):
    apply()
    found = plan({"ethernets": {**ONE["ethernets"], "eth2": {"addresses": ["10.2.0.2/24"]}}})
    assert {*found.change.files} == {OURS, GENERATED.format("eth2")}
    assert found.change.apply == [["networkctl", "reload"]]


def test_what_is_configured_no_more_goes(plan, apply):
    apply()
    found = plan({})
    assert found.change.files[GENERATED.format("eth1")] is None
    assert GENERATED.format("eth1") in found.before
    assert GENERATED.format("eth1") not in found.after


def test_a_networkd_that_is_older_than_the_settings_is_restarted(root, plan, apply):
    apply()
    os.utime(root / NETWORKD.lstrip("/"), (time.time() - 10,) * 2)
    found = plan()
    assert found.change.apply == [["systemctl", "restart", "systemd-networkd.service"]]
    assert found.change.files == {}


def test_what_lies_in_run_counts_not_what_was_written(root, plan, apply):
    apply()
    write(root, GENERATED.format("eth1"), "someone else's\n")
    found = plan()
    assert {*found.change.files} == {GENERATED.format("eth1")}


def test_files_have_the_permissions_that_netplan_gives_them(plan):
    assert plan().change.files[GENERATED.format("eth1")][1] == 0o640
    assert plan().change.files[OURS][1] == 0o600


def test_groups_of_generated_files_are_kept(node, plan, monkeypatch):
    generated = {GENERATED.format("eth1"): host_network_node.Generated("[Match]\n", 0o640, 998)}
    monkeypatch.setattr(node, "generate", lambda _texts: generated)
    assert plan().change.groups == {GENERATED.format("eth1"): 998}


def test_the_address_of_the_ssh_connection_must_not_move(plan):
    with pytest.raises(NetworkError, match="config.ethernets.id0.set-name: it carries the node's address 172.30.0.21"):
        plan({"ethernets": {"id0": {"set-name": "wan"}}})


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("10.0.0.1 50000 10.0.0.2 22", "10.0.0.2"),
        ("::ffff:10.0.0.1 50000 ::ffff:10.0.0.2 22", "10.0.0.2"),
        ("fe80::1%eth0 50000 fe80::2%eth0 22", "fe80::2"),
        ("nonsense", None),
        (None, None),
    ],
)
def test_own_address(told, address):
    assert host_network_node._own_address(told) == address


def test_what_netplan_says_is_told_and_nothing_is_changed(root, plan):
    with pytest.raises(NetworkError, match="config: netplan does not take it: netplan knows no such mtu"):
        plan({"ethernets": {"eth1": {"mtu": 1400}}})
    assert not (root / OURS.lstrip("/")).exists()


def test_a_time_in_which_no_node_answers_is_refused(plan):
    with pytest.raises(NetworkError, match="confirm_timeout: a node needs 10 seconds"):
        plan(timeout=9)


def test_without_root_it_says_so(node, monkeypatch):
    def refuse(self, **_named):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(host_network_node.Path, "read_text", refuse)
    with pytest.raises(NetworkError, match="it needs root to read .*config.yaml. Give become: true"):
        node.existing()


def test_a_directory_that_is_a_link_is_read_once(root, node):
    write(root, "/usr/lib/netplan/50-image.yaml", "network: {version: 2}\n")
    (root / "lib").symlink_to("usr/lib")
    assert {*node.existing()} == {CONFIG, "/usr/lib/netplan/50-image.yaml"}


def test_secrets_of_other_files_are_hidden():
    shown = host_network_node._shown({"/run/a": "[WireGuard]\nPrivateKey=abc\nListenPort=1\n"})
    assert shown == {"/run/a": "[WireGuard]\nPrivateKey=(hidden)\nListenPort=1\n"}


def test_networkmanager(root, node):
    (root / CONFIG.lstrip("/")).unlink()
    write(root, STATIC, STATIC_CONNECTION)
    found = node.plan(Request(ONE, "networkmanager"), 120)
    assert found.rendered.backend == "networkmanager"
    assert {*found.settings} == {"/etc/NetworkManager/conf.d/90-eks-anywhere.conf"}
    (keyfile,) = [path for path in found.change.files if path.endswith(".nmconnection")]
    assert found.change.files[keyfile][1] == 0o600
    assert found.change.apply[0] == ["nmcli", "general", "reload", "conf"]
    for path, (content, _mode) in found.change.files.items():
        write(root, path, content.decode())
    node.begin(found)
    assert node.plan(Request(ONE, "networkmanager"), 120).change is None
    gone = node.plan(Request({}, "networkmanager"), 120)
    assert gone.change.files[keyfile] is None
