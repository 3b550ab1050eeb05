# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of Cilium goes, nothing of anyone else, and the host never loses its own addresses."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_node_cleanup
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_programs import Answer
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cleanup_node
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cleanup_node import LOCAL, MAIN, MOVED
from hypothesis import given
from hypothesis import strategies as st


def node_of(fake):
    return cilium_node_cleanup.Node(fake.root, run=fake.run)


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture
def fake(tmp_path):
    return cleanup_node.with_cilium(tmp_path)


def test_everything_of_cilium_goes(fake):
    result = cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert result.left == []
    assert fake.rules["-4"] == [LOCAL, MAIN]
    assert [link["ifname"] for link in fake.links] == ["lo", "eth0", "lxcbr0", "lxc0123456789ab"]
    assert "xdp" not in fake.links[1]
    assert fake.sets == ["theirs"]
    assert fake.filters == {
        ("eth0", "ingress"): [cleanup_node.THEIRS],
        ("eth0", "egress"): [cleanup_node.THEIRS],
    }
    assert "CILIUM_PRE_nat" not in fake.saved["iptables-nft"]
    assert "KUBE-SERVICES" in fake.saved["iptables-nft"]
    assert 'comment "not -j CILIUM_INPUT" -j ACCEPT' in fake.saved["iptables-nft"]
    assert files(fake.root) == sorted([*cleanup_node.OTHERS, "proc/self/mountinfo"])
    assert "link cilium_host" in result.removed
    assert "link cilium_net" in result.removed


def test_local_addresses_are_looked_up_at_every_moment(fake):
    cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert fake.worst == 0
    assert fake.asked[0] == "ip -4 rule add pref 0 lookup local"


def test_nothing_is_done_when_the_rule_cannot_be_put_back(fake):
    fake.broken.add("ip -4")
    before = files(fake.root)
    with pytest.raises(NetworkError, match=r"cilium: rule -4 100 instead of 0: it is broken\. Nothing was removed"):
        cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert files(fake.root) == before
    assert fake.asked == []


def test_links_of_programs_go_before_maps(fake):
    names = [remnant.name for remnant in cilium_node_cleanup.remnants(node_of(fake))]
    pins = names.index("/sys/fs/bpf/cilium")
    filters = names.index("tc filter ingress 1 0x1 on eth0")
    maps = names.index("/sys/fs/bpf/tc/globals/cilium_calls_00190")
    assert names.index("/etc/cni/net.d/05-cilium.conflist") < pins < filters < maps < names.index("link cilium_host")
    assert names.index("ipset cilium_node_set_v4") > names.index(next(n for n in names if n.startswith("iptables-nft")))
    assert names.index("mount /run/cilium/cgroupv2") < names.index("/run/cilium")


def test_a_table_is_emptied_before_its_rule_goes(fake):
    cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    flush = fake.asked.index("ip -4 route flush table 2004")
    delete = fake.asked.index("ip -4 rule delete pref 9 fwmark 0x200/0xf00 lookup 2004")
    assert flush < delete


def test_check_mode_says_the_same_and_changes_nothing(fake):
    before = files(fake.root)
    said = cilium_node_cleanup.clean(node_of(fake), check_mode=True)
    assert (files(fake.root), fake.asked) == (before, [])
    assert said.removed == cilium_node_cleanup.clean(node_of(fake), check_mode=False).removed
    assert said.as_dict()["changed"] is True
    assert "link cilium_host\n" in said.as_dict()["diff"]["before"]


def test_a_second_run_changes_nothing(fake):
    cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    fake.asked.clear()
    assert cilium_node_cleanup.clean(node_of(fake), check_mode=False).as_dict()["changed"] is False
    assert fake.asked == []


def test_a_node_that_never_had_cilium(tmp_path):
    fake = cleanup_node.Node(tmp_path)
    cleanup_node.write(tmp_path, *cleanup_node.OTHERS)
    assert cilium_node_cleanup.clean(node_of(fake), check_mode=False).as_dict()["changed"] is False
    assert fake.asked == []
    assert files(tmp_path) == sorted(cleanup_node.OTHERS)


def test_a_node_that_has_only_ip(tmp_path):
    fake = cleanup_node.Node(tmp_path)
    fake.broken |= {"tc", "ipset", "iptables-nft-save", "bpftool"}
    assert cilium_node_cleanup.clean(node_of(fake), check_mode=False).removed == []


def test_without_ip_nothing_can_be_done(tmp_path):
    fake = cleanup_node.Node(tmp_path)
    fake.broken.add("ip")
    with pytest.raises(NetworkError, match=r"ip: it is broken\. Install iproute2"):
        cilium_node_cleanup.clean(node_of(fake), check_mode=False)


def test_what_cannot_be_removed_is_left_with_the_reason_and_the_rest_goes(fake):
    fake.broken.add("ipset destroy")
    result = cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert result.left == ["ipset cilium_node_set_v4: it is broken"]
    assert "ipset cilium_node_set_v4" not in result.removed
    assert not (fake.root / "run/cilium").exists()


def test_a_mount_that_stays_keeps_what_is_above_it(fake):
    fake.broken.add("umount")
    result = cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert "/run/cilium: something is mounted there" in result.left
    assert (fake.root / "run/cilium/state").is_dir()


def test_configurations_that_cilium_renamed_are_named_and_kept(fake):
    cleanup_node.write(fake.root, "etc/cni/net.d/10-other.conf.cilium_bak")
    result = cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert (result.left, result.renamed) == ([], ["/etc/cni/net.d/10-other.conf.cilium_bak"])
    assert (fake.root / "etc/cni/net.d/10-other.conf.cilium_bak").exists()


def test_while_the_agent_answers_nothing_is_touched(tmp_path, monkeypatch):
    fake = cleanup_node.with_cilium(tmp_path)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind("run/cilium/cilium.sock")
        agent.listen()
        node = cilium_node_cleanup.Node(tmp_path.relative_to(tmp_path), run=fake.run)
        with pytest.raises(NetworkError, match=r"the agent of Cilium still answers at /run/cilium/cilium\.sock"):
            cilium_node_cleanup.clean(node, check_mode=False)
    assert fake.asked == []


def test_a_socket_that_a_killed_agent_left_does_not_count(fake):
    cleanup_node.write(fake.root, "run/cilium/cilium.sock")
    assert cilium_node_cleanup.clean(node_of(fake), check_mode=False).left == []


def test_legacy_iptables_is_asked_only_where_the_kernel_has_its_tables(fake):
    fake.saved = {"iptables-legacy": cleanup_node.SAVED}
    assert cilium_node_cleanup.clean(node_of(fake), check_mode=False).left == []
    assert "iptables-legacy" not in fake.asked
    cleanup_node.write(fake.root, "proc/net/ip_tables_names")
    cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert "iptables-legacy" in fake.asked
    assert "CILIUM" not in fake.saved["iptables-legacy"].replace("not -j CILIUM_INPUT", "")


class Bpftool(cleanup_node.Node):
    """A node with programs attached to its cgroup without a pin."""

    programs = '[{"id":7,"attach_type":"cgroup_inet4_connect","name":"cil_sock4_conn"},{"id":8,"name":"theirs"}]'

    def bpftool(self, words, _stdin):
        if words[0] == "-j":
            return Answer(self.programs, "")
        self.asked.append(" ".join(["bpftool", *words]))
        self.programs = "[]"
        return Answer("", "")


def test_programs_of_an_old_kernels_cgroup(tmp_path):
    cleanup_node.write(tmp_path, "run/cilium/cgroupv2/")
    fake = Bpftool(tmp_path)
    cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert fake.asked == ["bpftool cgroup detach /run/cilium/cgroupv2 cgroup_inet4_connect id 7"]


def test_programs_with_a_pin_go_with_it(tmp_path):
    cleanup_node.write(tmp_path, "run/cilium/cgroupv2/", "sys/fs/bpf/cilium/socketlb/links/cgroup/x")
    fake = Bpftool(tmp_path)
    assert "/sys/fs/bpf/cilium" in cilium_node_cleanup.clean(node_of(fake), check_mode=False).removed
    assert not [asked for asked in fake.asked if "detach" in asked]


RULES = st.lists(
    st.sampled_from([LOCAL, MOVED, MAIN, cleanup_node.TO_PROXY, cleanup_node.FROM_PROXY]), unique_by=str
).filter(lambda rules: LOCAL in rules or MOVED in rules)


@given(RULES)
def test_whatever_the_rules_are_the_host_keeps_its_addresses(tmp_path_factory, rules):
    fake = cleanup_node.Node(tmp_path_factory.mktemp("node"), rules=rules)
    result = cilium_node_cleanup.clean(node_of(fake), check_mode=False)
    assert (fake.worst, result.left) == (0, [])
    assert fake.rules["-4"] == [LOCAL, *([MAIN] if MAIN in rules else [])] or LOCAL in rules
    assert {str(rule) for rule in fake.rules["-4"]} == {str(LOCAL), *({str(MAIN)} if MAIN in rules else set())}
