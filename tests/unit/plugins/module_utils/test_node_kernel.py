# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What files say about the running kernel."""

from __future__ import annotations

import gzip

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_kernel import MODULES, NF_TABLES, Kernel

RELEASE = "5.15.0-130-generic"
IPVLAN = MODULES["ipvlan"]


@pytest.fixture
def node(tmp_path):
    """A node with Ubuntu's lists of modules; {path: content} more files."""
    base = f"lib/modules/{RELEASE}"
    usual = {
        f"{base}/modules.builtin": "kernel/drivers/net/vxlan/vxlan.ko\nkernel/drivers/net/tun.ko\n",
        f"{base}/modules.dep": (
            "kernel/drivers/net/ipvlan/ipvlan.ko: kernel/net/l3mdev/l3mdev.ko\n"
            "kernel/net/8021q/8021q.ko.zst: kernel/net/802/garp.ko.zst\n"
            "kernel/drivers/net/macvlan.ko.xz:\n"
            "kernel/drivers/net/dummy.ko:\n"
        ),
        f"{base}/kernel/drivers/net/ipvlan/ipvlan.ko": "",
        f"{base}/kernel/net/8021q/8021q.ko.zst": "",
        f"{base}/kernel/drivers/net/macvlan.ko.xz": "",
        "sys/module/bridge/initstate": "live\n",
        "sys/module/geneve/parameters/x": "",
    }

    def _node(files=None, lists=True):
        for name, content in {**(usual if lists else {}), **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Kernel(tmp_path, RELEASE)

    return _node


def test_every_kind_of_answer(node):
    assert node().support() == {
        "ipvlan": "available",
        "macvlan": "available",
        "vlan": "available",
        "bonding": "missing",
        "bridge": "loaded",
        "geneve": "builtin",
        "vxlan": "builtin",
        "veth": "missing",
        "dummy": "missing",
        "vrf": "missing",
        "tun": "builtin",
    }


def test_a_module_whose_file_was_removed_is_missing(node):
    """modules.dep keeps the lines of dummy, whose package is gone."""
    assert node().state(*MODULES["dummy"]) == "missing"


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("install ipvlan /bin/false", "blocked"),
        ("install ipvlan /bin/true # hardened", "blocked"),
        ("  install ipvlan /usr/bin/false", "blocked"),
        ("blacklist ipvlan", "blocked"),
        ("# blacklist ipvlan", "available"),
        ("blacklist ipvlan2", "available"),
        ("install ipvlan /sbin/modprobe --ignore-install ipvlan", "available"),
        ("options ipvlan x=1", "available"),
    ],
)
@pytest.mark.parametrize("folder", ["etc/modprobe.d", "lib/modprobe.d", "run/modprobe.d"])
def test_a_module_that_may_not_be_loaded(node, folder, line, state):
    assert node({f"{folder}/hardening.conf": f"{line}\n"}).state(*IPVLAN) == state


def test_a_blocked_module_that_is_loaded_already_is_loaded(node):
    files = {"etc/modprobe.d/a.conf": "blacklist ipvlan\n", "sys/module/ipvlan/initstate": "live\n"}
    assert node(files).state(*IPVLAN) == "loaded"


CONFIG = "CONFIG_MACVLAN=y\n# CONFIG_IPVLAN is not set\nCONFIG_VXLAN=m\n# CONFIG_NF_TABLES=y\n"


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("proc/config.gz", gzip.compress(CONFIG.encode(), mtime=0)),
        (f"boot/config-{RELEASE}", CONFIG),
        (f"lib/modules/{RELEASE}/config", CONFIG),
    ],
)
def test_a_kernel_without_lists_is_judged_by_its_configuration(node, place, content):
    kernel = node({place: content}, lists=False)
    assert [kernel.state(*MODULES[name]) for name in ("macvlan", "ipvlan", "vxlan")] == [
        "builtin",
        "missing",
        "unknown",
    ]
    assert kernel.state(*NF_TABLES) == "missing"


def test_a_configuration_that_cannot_be_unpacked_counts_as_none(node):
    broken = gzip.compress(CONFIG.encode(), mtime=0)[:30]
    assert node({"proc/config.gz": broken}, lists=False).state(*IPVLAN) == "unknown"
    assert node({"proc/config.gz": b"text"}, lists=False).state(*IPVLAN) == "unknown"


def test_without_any_file_nothing_is_known(node):
    assert set(node(lists=False).support().values()) == {"unknown"}


def test_the_lists_of_another_kernel_do_not_count(node, tmp_path):
    node()
    assert Kernel(tmp_path, "6.8.0").state(*IPVLAN) == "unknown"
