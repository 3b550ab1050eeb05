# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands a difference of files needs, in which order, and that the way back undoes each."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_change import (
    Commands,
    Files,
    manager,
    networkd,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.networkmanager import keyfile

NETWORK = "/run/systemd/network/10-netplan-{}.network"
NETDEV = "/run/systemd/network/10-netplan-{}.netdev"
LINK = "/run/systemd/network/10-netplan-{}.link"
ETH1 = {NETWORK.format("eth1"): "[Match]\nName=eth1\n\n[Network]\nAddress=10.1.0.2/24\n"}
BIG = {NETWORK.format("eth1"): "[Match]\nName=eth1\n\n[Link]\nMTUBytes=9000\nMACAddress=02:00:00:00:00:01\n"}
PORT = {NETWORK.format("eth2"): "[Match]\nName=eth2\n\n[Network]\nBridge=br0\n"}
BRIDGE = {NETDEV.format("br0"): "[NetDev]\nName=br0\nKind=bridge\n", **PORT}
OTHER_BRIDGE = {**BRIDGE, NETDEV.format("br0"): "[NetDev]\nName=br0\nKind=bridge\n\n[Bridge]\nSTP=true\n"}
RELOAD = "networkctl reload"
RESTART = "systemctl restart systemd-networkd.service"
START = "systemctl start systemd-networkd.service"


def facts(**more):
    """A node with eth1 and eth2."""
    nic = {"mtu": 1400, "mac": "52:54:00:00:00:01", "permanent_mac": "52:54:00:00:00:01"}
    return Facts({"interfaces": [{"name": "eth1", **nic, **more}, {"name": "eth2", **nic, "permanent_mac": None}]})


def said(commands):
    """The commands as words, a script by what it does and to whom."""
    short = []
    for words in commands:
        if words[0] == "sh":
            what = "delete" if "delete" in words[2] else "rename"
            short.append(" ".join([what, *words[4:]]))
        else:
            short.append(" ".join(words))
    return short


def both(before, after, node=None, **more):
    found = networkd(Files(before, after), node or facts(), **more)
    return said(found.apply), said(found.restore)


def test_equal_files_need_nothing():
    assert networkd(Files(ETH1, ETH1), facts()) == Commands()


def test_a_file_that_differs_is_loaded_and_no_other_is_touched():
    assert both({}, ETH1) == ([RELOAD], [START, RELOAD])


def test_netplan_apply_is_never_called():
    found = networkd(Files(BRIDGE, OTHER_BRIDGE), facts(), [("eth2", "eth3")])
    assert not any("netplan apply" in " ".join(words) for words in found.apply + found.restore + found.boot)


def test_networkd_restarts_where_it_does_not_know_our_settings():
    assert both({}, ETH1, restart=True)[0] == [RESTART]
    assert both(ETH1, ETH1, restart=True)[0] == [RESTART]


def test_undoing_does_not_restart_it():
    assert both({}, ETH1, restart=True)[1] == [START, RELOAD]


def test_a_device_goes_after_its_ports_know_of_it():
    apply, restore = both(BRIDGE, {})
    assert apply == [RELOAD, "delete br0"]
    assert restore == [START, RELOAD]


def test_a_device_that_was_made_is_removed_when_it_is_undone():
    assert both({}, BRIDGE) == ([RELOAD], [START, RELOAD, "sleep 1", "delete br0"])


def test_a_device_whose_parameters_change_is_made_anew_on_both_ways():
    apply, restore = both(BRIDGE, OTHER_BRIDGE)
    assert apply == [RELOAD, "delete br0", RESTART]
    assert restore == [START, RELOAD, "delete br0", RESTART]


def test_mtu_and_address_that_no_file_says_any_more_are_set_back():
    apply, _restore = both(BIG, ETH1)
    assert apply == [RELOAD, "ip link set dev eth1 address 52:54:00:00:00:01", "ip link set dev eth1 mtu 1500"]


def test_undoing_sets_mtu_and_address_back_to_what_they_were():
    _apply, restore = both(ETH1, BIG, facts(mac="52:54:00:00:00:77"))
    assert restore[2:] == ["ip link set dev eth1 address 52:54:00:00:00:77", "ip link set dev eth1 mtu 1400"]


def test_a_nic_that_is_found_by_its_address_is_set_back_by_its_name():
    by_mac = {NETWORK.format("id1"): "[Match]\nPermanentMACAddress=52:54:00:00:00:01\n\n[Link]\nMTUBytes=9000\n"}
    assert "ip link set dev eth1 mtu 1500" in both(by_mac, {})[0]


def test_a_name_is_given_before_files_are_loaded_and_taken_back_first():
    apply, restore = both({}, ETH1, renames=[("eth2", "eth9")])
    assert apply == ["rename eth2 eth9", RELOAD]
    assert restore[0] == "rename eth9 eth2"


def test_names_that_change_places_go_over_one_in_between():
    apply, _restore = both({}, ETH1, renames=[("eth1", "eth2"), ("eth2", "eth1")])
    assert apply[:4] == ["rename eth1 ekstmp0", "rename eth2 ekstmp1", "rename ekstmp0 eth2", "rename ekstmp1 eth1"]


def test_after_a_restart_netplan_writes_files_for_what_is_back():
    assert said(networkd(Files({}, ETH1), facts()).boot) == ["netplan generate"]
    named = said(networkd(Files({}, ETH1), facts(), [("eth2", "eth9")]).boot)
    assert named[0] == "netplan generate"
    assert named[-1] == "rename eth9 eth2"


@pytest.mark.parametrize("udev", [True, False])
def test_what_only_a_link_file_says_is_set_by_udev_where_it_runs(udev):
    link = {LINK.format("eth1"): "[Match]\nOriginalName=eth1\n\n[Link]\nWakeOnLan=off\n"}
    apply, _restore = both({}, link, udev=udev)
    assert ("udevadm test-builtin net_setup_link /sys/class/net/eth1" in apply) is udev


def profile(kind, name, extra=""):
    """A keyfile of ours."""
    text = f"[connection]\nid=eks-anywhere-{name}\nuuid=uuid-{name}\ntype={kind}\ninterface-name={name}\n{extra}"
    return {keyfile(name): text}


def test_networkmanager_activates_what_has_changed_from_the_bottom():
    after = {**profile("vlan", "a7"), **profile("ethernet", "eth1"), **profile("bond", "bond0")}
    found = manager(Files({}, after), facts())
    up = "nmcli --wait 30 connection up uuid uuid-"
    assert said(found.apply) == ["nmcli connection reload", f"{up}bond0", f"{up}eth1", f"{up}a7"]
    assert said(found.restore) == ["nmcli connection reload", "delete a7", "delete bond0"]


def test_networkmanager_loses_what_is_gone_and_gets_it_back():
    found = manager(Files(profile("bond", "bond0"), {}), facts())
    assert said(found.apply) == ["nmcli connection reload", "delete bond0"]
    assert said(found.restore) == ["nmcli connection reload", "nmcli --wait 30 connection up uuid uuid-bond0"]


def test_networkmanager_is_told_to_leave_others_alone_first():
    assert said(manager(Files({}, {}), facts(), settings=True).apply) == ["nmcli general reload conf"]
    assert manager(Files({}, {}), facts()) == Commands()
