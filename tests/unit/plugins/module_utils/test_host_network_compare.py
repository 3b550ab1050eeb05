# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between generated files, and which devices that concerns."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_compare import Difference, compare

ETH1 = "run/systemd/network/10-netplan-eth1.network"
LINK = "run/systemd/network/10-netplan-eth1.link"
ID0 = "run/systemd/network/10-netplan-id0.network"
BOND = "run/systemd/network/10-netplan-bond0.netdev"
KEY = "etc/NetworkManager/system-connections/eks-anywhere-storage.nmconnection"
BEFORE = {
    ETH1: "[Match]\nPermanentMACAddress=52:54:00:12:34:51\nName=eth1\n\n[Network]\nAddress=10.0.0.2/24\n",
    LINK: "[Match]\nPermanentMACAddress=52:54:00:12:34:51\n\n[Link]\nName=eth1\n",
    ID0: "[Match]\nPermanentMACAddress=52:54:00:12:34:50\n\n[Network]\nDHCP=ipv4\n",
    BOND: "[NetDev]\nName=bond0\nMTUBytes=1500\nKind=bond\n\n[Bond]\nMode=802.3ad\n",
    "run/systemd/network/10-netplan-bond0.network": "[Match]\nName=bond0\n",
    KEY: "# x\n[connection]\ntype=vlan\ninterface-name=storage\n\n[vlan]\nid=100\n",
    "run/systemd/system/other.service": "[Unit]\nName=x\n",
}


def changed(path, old, new):
    return BEFORE | {path: BEFORE[path].replace(old, new)}


def test_equal_files():
    assert compare(BEFORE, dict(BEFORE)) == Difference()
    assert not compare(BEFORE, BEFORE).changed
    assert compare({}, {}) == Difference()


@pytest.mark.parametrize(
    ("path", "old", "new", "difference"),
    [
        (ETH1, "10.0.0.2", "10.0.0.3", Difference((ETH1,), ("eth1",))),
        (LINK, "[Link]", "[Link]\nMTUBytes=9000", Difference((LINK,), ("eth1",))),
        (ID0, "ipv4", "yes", Difference((ID0,), ("52:54:00:12:34:50",))),
        (BOND, "802.3ad", "balance-rr", Difference((BOND,), ("bond0",), ("bond0",))),
        (BOND, "1500", "9000", Difference((BOND,), ("bond0",))),
        (KEY, "id=100", "id=101", Difference((KEY,), ("storage",))),
    ],
)
def test_one_change(path, old, new, difference):
    assert compare(BEFORE, changed(path, old, new)) == difference


def test_names_of_nics():
    after = changed(ID0, "ipv4", "yes")
    assert compare(BEFORE, after, {"52:54:00:12:34:50": "eno1"}).devices == ("eno1",)


def test_a_change_that_concerns_no_device():
    found = compare(BEFORE, BEFORE | {"run/systemd/system/other.service": ""})
    assert (found.changed, found.devices) == (True, ())


def test_devices_that_come_and_go():
    only = {path: text for path, text in BEFORE.items() if "bond0" not in path and path != KEY}
    gone = compare(BEFORE, only)
    assert (gone.removed, gone.devices, gone.recreated) == (("bond0", "storage"), (), ())
    assert len(gone.files) == 3
    come = compare(only, BEFORE)
    assert (come.removed, come.devices, come.recreated) == ((), ("bond0", "storage"), ())


def test_a_nic_without_file_is_not_removed():
    assert compare(BEFORE, {path: text for path, text in BEFORE.items() if path != ETH1}) == Difference(
        (ETH1,), ("eth1",)
    )


def test_a_renamed_keyfile_keeps_the_device():
    after = {(path if path != KEY else KEY.replace("eks", "x-eks")): text for path, text in BEFORE.items()}
    found = compare(BEFORE, after)
    assert (found.devices, found.removed) == (("storage",), ())


def test_wide_matches_name_what_they_match():
    found = compare(
        {}, {"05-cni.network": "[Match]\nName=cilium_* lxc*\n", "k.nmconnection": "[ethernet]\nmac-address=m\n"}
    )
    assert found.devices == ("cilium_*", "lxc*", "m")
