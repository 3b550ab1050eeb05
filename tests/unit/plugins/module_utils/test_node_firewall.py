# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From rules and what a node has to the change that the guard carries out."""

from __future__ import annotations

import dataclasses
import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import node_firewall, node_programs
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import (
    ABSENT,
    TABLE,
    Connection,
    without_connection,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_unit import (
    FILE,
    UNIT_FILE,
    WANTED,
    files,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_firewall import (
    Node,
    Request,
    Seen,
    plan,
    render,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import program, recorded
from ansible_collections.eks_anywhere.network.tests.unit.plugins.firewall import any_rules, rule
from hypothesis import given
from hypothesis import strategies as st

NFT = "/usr/sbin/nft"
SSH = rule(name="ssh", ports=[22], origin=["10.99.0.0/24", "fd99::/64"])
RULES = [SSH, rule(name="etcd", ports=["2379-2380"], on=["control_plane"]), rule(name="kubelet", ports=[10250])]
WORKER = Request(rules=RULES, roles=["worker"])
INSIDE = Connection("10.99.0.7", 22)
OFF = {"active": False, "enabled": False, "version": None}
LOADED = {"nftables": [{"table": {"family": "inet", "name": "eks_anywhere_network"}}]}
OTHER = {"nftables": [*LOADED["nftables"], {"chain": {"family": "inet", "name": "input", "prio": 0}}]}


class Stand:
    """A node whose nft makes ``LOADED`` of every text."""

    nft = NFT

    def __init__(self):
        self.tried = []

    def try_out(self, text):
        self.tried.append(text)
        return LOADED

    def show(self, _text):
        return "as nft shows it"


def text_of(request=WORKER, connection=None):
    return render(request, connection)[0]


def has(request=WORKER, **changes):
    """A node on which everything is as it is wanted."""
    text = text_of(request)
    unit = files(text, NFT)[UNIT_FILE][0].decode()
    return dataclasses.replace(Seen(live=LOADED, shown="live", file=text, unit=unit, enabled=True), **changes)


def planned(seen, request=WORKER, connection=None):
    return plan(request, Stand(), seen, connection)


def refused(request=WORKER, seen=None):
    with pytest.raises(NetworkError) as caught:
        plan(request, Stand(), seen or Seen(), None)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def test_a_first_firewall():
    found = planned(Seen())
    assert found.changes == (
        "the table is missing",
        f"{FILE} is missing",
        f"{UNIT_FILE} is missing",
        "eks-anywhere-network-firewall.service is not enabled",
    )
    assert (found.before, found.after) == ("", "as nft shows it")
    assert found.change.files[FILE][0].decode() == found.ruleset == text_of()
    assert [NFT, f"add table {TABLE}; delete table {TABLE}"] in found.change.restore
    assert found.as_dict()["changed"]
    assert "diff" not in found.as_dict()
    assert found.as_dict(diff=True)["diff"]["prepared"].startswith("the table is missing\n")


def test_nothing_to_do():
    found = planned(has(), connection=INSIDE)
    assert (found.changes, found.as_dict()["changed"]) == ((), False)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"live": OTHER}, "chain input is not wanted"),
        ({"live": None}, "the table is missing"),
        ({"live": {}}, "the table is one that nft cannot show"),
        ({"file": "table"}, f"{FILE} is another one"),
        ({"file": None}, f"{FILE} is missing"),
        ({"unit": "[Unit]"}, f"{UNIT_FILE} is another one"),
        ({"unit": None}, f"{UNIT_FILE} is missing"),
        ({"enabled": False}, "eks-anywhere-network-firewall.service is not enabled"),
    ],
)
def test_each_difference_is_a_change(changes, told):
    found = planned(has(**changes))
    assert found.changes == (told,)
    assert found.change.files[FILE][0].decode() == text_of()


def test_what_was_there_comes_back():
    assert planned(has(live=None)).change.restore[0] == [NFT, "-f", FILE]


def test_the_connection_of_another_day_is_no_change():
    assert planned(has(file=text_of(connection=Connection("10.1.1.1", 22))), connection=INSIDE).changes == ()


def test_the_connection_in_use_stands_before_everything_else():
    outside = Connection("192.0.2.1", 2222)
    (warning,) = planned(Seen(), connection=outside).warnings
    assert warning.startswith("rules: none of them lets ssh from 192.0.2.1 in. The connection in use stays")
    first = text_of(connection=outside).partition("policy drop;\n")[2].splitlines()[0]
    assert first.strip() == 'ip saddr 192.0.2.1 tcp dport 2222 counter accept comment "base: connection in use"'


@given(any_rules(low=1), st.ip_addresses().map(str), st.integers(1, 65535))
def test_no_rules_close_the_connection_in_use(rules, source, port):
    request = Request(rules=[{**one, "sources": ["0.0.0.0/0", "::/0"]} for one in rules], roles=["worker"])
    request = dataclasses.replace(request, rules=[*request.rules, rule(name="00-any", ports=[1], origin=["10.0.0.1"])])
    text, _notes = render(request, Connection(source, port))
    field = "ip6" if ":" in source else "ip"
    first = text.partition("policy drop;\n")[2].splitlines()[0]
    assert first.strip().startswith(f"{field} saddr {source} tcp dport {port} counter accept")
    assert without_connection(text) == render(request, None)[0]


@pytest.mark.parametrize(
    ("source", "port", "open_"),
    [
        ("10.99.0.7", 22, True),
        ("fd99::7", 22, True),
        ("10.98.0.7", 22, False),
        ("fd98::7", 22, False),
        ("10.99.0.7", 23, False),
    ],
)
def test_whether_a_rule_lets_the_connection_in(source, port, open_):
    assert (planned(has(), connection=Connection(source, port)).warnings == ()) is open_


def test_protocols_without_ports_let_ssh_in_only_as_any():
    for proto, open_ in (("any", True), ("esp", False)):
        request = Request(rules=[rule(proto=proto, ports=None, origin=["10.99.0.0/24"])])
        assert (render(request, INSIDE)[1] == []) is open_


def test_rules_of_other_roles_are_left_out():
    assert 'comment "etcd"' not in text_of()
    assert 'comment "etcd"' in text_of(Request(rules=RULES, roles=["control_plane"]))
    assert 'comment "kubelet"' in text_of()


def test_everything_wrong_is_told_at_once():
    firewalls = {"firewalld": {"active": True, "version": "1.3.4"}}
    request = Request(rules=[rule(ports=[70000])], node_port_range="0-1", timeout=5)
    assert [path for path, _message in refused(request, Seen(firewalls=firewalls))] == [
        "firewalls.firewalld",
        "node_port_range",
        "rules[0].ports[0]",
    ]
    assert refused(dataclasses.replace(WORKER, timeout=9)) == [
        ("confirm_timeout", "nothing can be confirmed that fast (got 9)")
    ]


@pytest.mark.parametrize("given", ["", "30000", "32767-30000", "30000-70000", "30000:32767"])
def test_ranges_of_node_ports(given):
    assert refused(dataclasses.replace(WORKER, node_port_range=given))[0][0] == "node_port_range"


def test_a_node_without_rules_is_not_closed():
    for request in (Request(), Request(rules=RULES[1:2], roles=["worker"])):
        assert refused(request)[0][0] == "rules"


def test_words_that_nobody_resolved_are_refused():
    assert refused(Request(rules=[rule(origin="nodes")])) == [
        ("rules[0].from", "which addresses nodes means is not known here")
    ]


def test_absent_leaves_nothing():
    found = planned(has(), Request(state="absent"))
    assert found.changes == (
        "the table is there",
        f"{FILE} is not wanted",
        f"{UNIT_FILE} is not wanted",
        "eks-anywhere-network-firewall.service is enabled",
    )
    assert (found.ruleset, found.after, found.change.files) == (ABSENT, "", {FILE: None, UNIT_FILE: None})
    assert planned(Seen(), Request(state="absent")).changes == ()


def test_absent_is_not_kept_from_it_by_another_firewall():
    firewalls = {"firewalld": {"active": True, "version": "1.3.4"}}
    assert planned(has(firewalls=firewalls), Request(state="absent")).warnings == ()


def test_a_table_that_someone_removed():
    lost = has(live=None, touched="nftables.service was started at noon")
    (warning,) = planned(lost).warnings
    assert warning.startswith("firewall: someone else removed this table (nftables.service was started at noon).")
    assert "Restart Cilium's agent" in warning
    assert "(no service of a known firewall" in has(live=None).lost
    for seen in (has(), has(live=None, file=None), has(live=None, enabled=False), Seen()):
        assert seen.lost == ""
    assert planned(lost, Request(state="absent")).warnings == ()


def test_chains_of_others():
    firewalls = {"iptables": {"nft": {"tables": [], "chains": {"cilium": 8}}}}
    assert Seen(firewalls=firewalls).others == {"cilium": 8}
    assert Seen(firewalls={"iptables": {"nft": None}}).others == {}


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A node with an nft that has a table, and a systemd that says nothing."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(node_programs, "FOLDERS", (str(tmp_path / "bin"), "/usr/bin", "/bin"))
    monkeypatch.setattr(node_firewall.node_owners, "firewalls", lambda *_asked: {"ufw": OFF})
    (tmp_path / "listed").write_text(recorded("firewall.nft.json"))
    (tmp_path / "shown").write_text("table inet eks_anywhere_network {\n}\n")
    cases = f"case \"$*\" in '-j list'*) cat {tmp_path}/listed;; '-s list'*) cat {tmp_path}/shown;; esac"
    program(tmp_path / "bin", "nft", cases)
    program(tmp_path / "bin", "unshare", 'shift; exec "$@"')
    return Node(str(tmp_path))


def test_reads_a_node(node, tmp_path):
    seen = node.look()
    assert seen.live == json.loads(recorded("firewall.nft.json"))
    assert seen.shown.startswith("table inet")
    assert (seen.file, seen.unit, seen.enabled, seen.touched) == (None, None, False, "")
    for name in (FILE, UNIT_FILE):
        path = tmp_path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")
    wanted = tmp_path / WANTED.lstrip("/")
    wanted.parent.mkdir(parents=True)
    wanted.symlink_to("nowhere")
    seen = node.look()
    assert (seen.file, seen.unit, seen.enabled) == ("content", "content", True)


def test_names_the_service_that_came_after_the_table(node, tmp_path, monkeypatch):
    (tmp_path / "etc").mkdir()
    (tmp_path / FILE.lstrip("/")).write_text("content")
    times = {"nftables.service": 4e9}
    monkeypatch.setattr(node_firewall.node_owners, "changes", lambda _units, _timeout: dict(times))
    assert node.look().touched.startswith("nftables.service was started, stopped or reloaded at 2096")
    times["eks-anywhere-network-firewall.service"] = 5e9
    assert node.look().touched == ""


def test_a_node_without_a_table(node, tmp_path):
    program(tmp_path / "bin", "nft", "echo 'Error: No such file or directory' >&2; exit 1")
    seen = node.look()
    assert (seen.live, seen.shown) == (None, "")


def test_an_nft_that_refuses_to_say(node, tmp_path):
    program(tmp_path / "bin", "nft", "echo 'Error: Operation not permitted (you must be root)' >&2; exit 1")
    with pytest.raises(NetworkError, match=r"nft: it does not answer: Error: Operation not permitted"):
        node.look()


def test_a_node_without_nft(node, tmp_path):
    (tmp_path / "bin" / "nft").unlink()
    with pytest.raises(NetworkError, match="nft: the node has no nft. Install the package nftables"):
        Node(str(tmp_path)).look()


def test_rules_are_tried_out_where_they_do_no_harm(node, tmp_path):
    assert node.try_out("text") == json.loads(recorded("firewall.nft.json"))
    assert node.show("text").startswith("table inet")
    program(tmp_path / "bin", "unshare", "echo '/dev/stdin:3:1-4: Error: syntax error' >&2; exit 1")
    with pytest.raises(NetworkError, match="rules: nft does not take them: /dev/stdin:3:1-4: Error: syntax error"):
        node.try_out("text")
