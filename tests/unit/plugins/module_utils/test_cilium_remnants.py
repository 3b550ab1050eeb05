# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a node's programs' output is Cilium's, and what only looks like it."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_remnants
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cleanup_node
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "kind", "own"),
    [
        ("cilium_host", "veth", True),
        ("cilium_vxlan", "vxlan", True),
        ("cilium_geneve", None, True),
        ("cilium_wg0", "wireguard", True),
        ("lxc_health", "veth", True),
        ("lxc49dbab90c75b", "veth", True),
        ("lxc49dba", "veth", True),
        ("lxc49dbab90c75b", "bridge", False),
        ("lxcbr0", "bridge", False),
        ("lxcbr0", "veth", False),
        ("lxcontainer1", "veth", False),
        ("eth0", None, False),
        ("mycilium_host", "veth", False),
    ],
)
def test_links(name, kind, own):
    link = {"ifname": name, "linkinfo": {"info_kind": kind}}
    assert cilium_remnants.own_links([link]) == ([name] if own else [])


@pytest.mark.parametrize(
    ("rule", "own"),
    [
        (cleanup_node.TO_PROXY, True),
        (cleanup_node.FROM_PROXY, True),
        ({**cleanup_node.TO_PROXY, "fwmask": "0xff00"}, False),
        ({**cleanup_node.TO_PROXY, "fwmark": "0x100"}, False),
        ({**cleanup_node.TO_PROXY, "table": "main"}, False),
        ({"priority": 9, "src": "all", "table": "2004"}, False),
        ({"priority": 1, "src": "all", "fwmark": "0xd00", "fwmask": "0xf00", "table": "200"}, True),
    ],
)
def test_rules_by_mark(rule, own):
    assert cilium_remnants.marked(rule) is own


@pytest.mark.parametrize(
    ("rule", "moved"),
    [
        (cleanup_node.MOVED, True),
        (cleanup_node.LOCAL, False),
        ({**cleanup_node.MOVED, "table": "main"}, False),
        ({**cleanup_node.MOVED, "iif": "eth0"}, False),
        ({**cleanup_node.MOVED, "src": "10.0.0.1"}, False),
    ],
)
def test_the_moved_rule(rule, moved):
    assert cilium_remnants.moved_local(rule) is moved


def test_several_xdp_programs_on_one_interface():
    attached = [{"mode": 2, "prog": {"name": "cil_xdp_entry"}}, {"mode": 1, "prog": {"name": "theirs"}}]
    links = [{"ifname": "eth0", "xdp": {"mode": 4, "attached": attached}}, {"ifname": "eth1", "xdp": {"mode": 1}}]
    assert cilium_remnants.xdp(links) == [("eth0", "xdpgeneric")]


def test_filters():
    printed = [cleanup_node.BPF, cleanup_node.THEIRS, {"kind": "u32", "pref": 3}, {"kind": "bpf", "pref": 1}]
    assert cilium_remnants.filters(printed) == [("1", "0x1")]


def test_the_script_removes_jumps_then_contents_then_chains():
    assert cilium_remnants.restore_script(cleanup_node.SAVED) == (
        "*nat\n"
        '-D PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_nat" -j CILIUM_PRE_nat\n'
        "-F CILIUM_PRE_nat\n-X CILIUM_PRE_nat\nCOMMIT\n"
        "*filter\n"
        '-D INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT\n'
        "-F CILIUM_INPUT\n-F OLD_CILIUM_INPUT\n-X CILIUM_INPUT\n-X OLD_CILIUM_INPUT\nCOMMIT\n"
    )
    assert cilium_remnants.chains(cleanup_node.SAVED) == [
        "nat/CILIUM_PRE_nat", "filter/CILIUM_INPUT", "filter/OLD_CILIUM_INPUT",
    ]  # fmt: skip


CHAINS = st.sampled_from(["KUBE-SERVICES", "CNI-HOSTPORT", "cali-INPUT", "MYCILIUM_X"])


@given(st.lists(CHAINS, unique=True))
def test_without_cilium_there_is_no_script(names):
    text = "*nat\n" + "".join(f":{name} - [0:0]\n" for name in names)
    text += "".join(f"-A PREROUTING -j {name}\n" for name in names) + "COMMIT\n"
    assert cilium_remnants.restore_script(text) == ""


def test_mounts_innermost_first():
    points = ("/run/cilium", "/run/cilium/a", "/run/ciliumx", "/run/cilium/a/b")
    info = "".join(f"1 1 0:1 / {point} rw\n" for point in points)
    assert cilium_remnants.mounts(info, "/run/cilium") == ["/run/cilium/a/b", "/run/cilium/a", "/run/cilium"]
