# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of the table, and its comparison with what nft 1.0.6 listed after it had loaded just this text."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import (
    ABSENT,
    BASE,
    LIST,
    SCRATCH,
    Connection,
    differences,
    listing,
    render,
    without_connection,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.firewall import (
    SAMPLE,
    any_rules,
    derive,
    right,
    rule,
)
from hypothesis import given

OUTPUTS = Path(__file__).parents[1] / "node_outputs"
TEXT = (OUTPUTS / "firewall.nft").read_text()
LISTED = json.loads((OUTPUTS / "firewall.nft.json").read_text())
CONNECTION = Connection("10.99.0.7", 22)
TABLE = "inet eks_anywhere_network"


def chain(text, name):
    """The lines of a chain, without its first."""
    return re.search(rf"chain {name} {{\n(.*?)\n\t}}", text, re.DOTALL)[1].replace("\t", "").split("\n")[1:]


def lines(name, *given_rules, **more):
    """The lines of a chain that are for rules with these names."""
    text = render(right(*given_rules), **more)
    names = {f'comment "{one["name"]}"' for one in given_rules}
    return [line for line in chain(text, name) if any(line.endswith(one) for one in names)]


def body(*given_rules, **more):
    return [line.partition(" counter")[0] for line in lines("input", *given_rules, **more)]


def test_the_whole_text():
    assert render(right(*SAMPLE), CONNECTION) == TEXT


def test_one_transaction_and_no_other_table():
    assert TEXT.startswith(f"table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{\n")
    assert set(re.findall(r"^(?:table|delete table) (\w+ \w+)", TEXT + ABSENT, re.MULTILINE)) == {TABLE}
    assert f"table {TABLE}\ndelete table {TABLE}\n" == ABSENT
    assert (" ".join(LIST), SCRATCH[-1]) == (f"nft -j list table {TABLE}", f"nft -f - && nft -j list table {TABLE}")


def test_only_input_drops_and_nothing_is_forwarded():
    hooks = re.findall(r"type filter hook (\w+) priority (\S+); policy (\w+);", TEXT)
    assert hooks == [("input", "0", "drop"), ("prerouting", "-110", "accept")]
    assert "flush" not in TEXT
    assert "invalid" not in TEXT


def test_the_connection_in_use_comes_first_and_answers_next():
    first, second = chain(TEXT, "input")[:2]
    assert first == 'ip saddr 10.99.0.7 tcp dport 22 counter accept comment "base: connection in use"'
    assert second == 'ct state established,related counter accept comment "base: established"'
    assert chain(render([]), "input")[0] == second
    assert "ip6 saddr fd00::1 tcp dport 22 counter" in render([], Connection("fd00::1", 22))


@pytest.mark.parametrize(
    ("told", "connection"),
    [
        ("10.99.0.7 51000 10.77.0.1 22", CONNECTION),
        ("fd00::1 51000 fd00::2 2222", Connection("fd00::1", 2222)),
        ("fe80::1%eth0 51000 fe80::2%eth0 22", Connection("fe80::1", 22)),
        ("::ffff:10.99.0.7 51000 ::ffff:10.77.0.1 22", CONNECTION),
        (None, None),
        ("", None),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("10.99.0.7 51000 10.77.0.1 ssh", None),
    ],
)
def test_what_sshd_says_of_the_connection(told, connection):
    assert Connection.of_ssh(told) == connection


def test_an_ssh_port_among_the_node_ports():
    text = render([], Connection("10.99.0.7", 30022))
    assert chain(text, "node_ports")[0].startswith("ip saddr 10.99.0.7 tcp dport 30022 counter accept")
    assert "connection in use" not in "".join(chain(TEXT, "node_ports"))


@pytest.mark.parametrize(
    "match",
    [
        "ct state established,related",
        'iifname "lo"',
        'iifname "cilium_*"',
        'iifname "lxc*"',
        "meta mark & 0xf00 == 0x200",
        "ct status dnat",
        "icmp type { destination-unreachable, time-exceeded, parameter-problem }",
        "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }",
        "icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query }",
    ],
)
def test_what_every_node_lets_in(match):
    assert [line for line in chain(render([]), "input") if line.startswith(f"{match} counter accept comment")]


def test_the_last_line_drops_and_counts():
    assert chain(TEXT, "input")[-1] == 'counter drop comment "base: everything else"'
    assert chain(TEXT, "node_ports")[-1] == 'counter drop comment "base: every other NodePort"'
    assert all(" counter " in f" {line}" for name in ("input", "node_ports") for line in chain(TEXT, name))


def test_base_rules_have_names_that_no_other_can_have():
    assert all(f'comment "base: {name}"' in TEXT for name, _match, _reason in BASE)
    assert len({name for name, _match, _reason in BASE}) == len(BASE)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, ["tcp dport 80"]),
        ({"ports": [80, 82, "90-99"]}, ["tcp dport { 80, 82, 90-99 }"]),
        ({"origin": "nodes"}, ["ip saddr @nodes_ipv4 tcp dport 80", "ip6 saddr fd77::/126 tcp dport 80"]),
        ({"origin": "pods"}, ["ip saddr 10.88.0.0/16 tcp dport 80"]),
        ({"origin": ["10.0.0.0/8", "::/0"]}, ["ip saddr 10.0.0.0/8 tcp dport 80", "meta nfproto ipv6 tcp dport 80"]),
        (
            {"origin": ["10.0.0.0/8", "192.0.2.0/24"], "destination": ["10.0.0.1", "10.0.0.9"]},
            ["ip saddr { 10.0.0.0/8, 192.0.2.0/24 } ip daddr { 10.0.0.1/32, 10.0.0.9/32 } tcp dport 80"],
        ),
        ({"destination": ["fd00::1"]}, ["ip6 daddr fd00::1/128 tcp dport 80"]),
        ({"proto": "esp", "ports": None}, ["meta l4proto 50"]),
        ({"proto": "any", "ports": None}, [""]),
        ({"proto": "any", "ports": None, "origin": ["0.0.0.0/0"]}, ["meta nfproto ipv4"]),
        ({"proto": "icmp", "ports": None}, ["meta nfproto ipv4 meta l4proto 1"]),
        (
            {"proto": "icmp", "ports": None, "icmp_types": [8, 0, "3/4"]},
            ["meta nfproto ipv4 icmp type { 0, 8 }", "meta nfproto ipv4 icmp type 3 icmp code 4"],
        ),
        (
            {"proto": "icmpv6", "ports": None, "icmp_types": ["128/0"], "origin": "nodes"},
            ["ip6 saddr fd77::/126 icmpv6 type 128 icmpv6 code 0"],
        ),
    ],
)
def test_one_rule(fields, wanted):
    assert [line.strip() for line in body(rule(**fields))] == [
        line if line else 'counter accept comment "one"' for line in wanted
    ]


def test_rules_keep_their_order_and_addresses_stand_there_once():
    names = [re.search(r'comment "(.*)"', line)[1] for line in lines("input", *SAMPLE)]
    assert list(dict.fromkeys(names)) == [one["name"] for one in SAMPLE]
    assert TEXT.count("10.77.0.0/30") == 1


def test_a_word_that_means_two_things_is_one_set_and_one_list():
    one = rule(name="a", origin="nodes", sources=["10.0.0.1", "10.0.0.3"])
    other = rule(name="b", origin="nodes", sources=["10.0.0.1", "10.0.0.5"])
    text = render(right(one, other, words=None, resolved=True))
    assert 'ip saddr @nodes_ipv4 tcp dport 80 counter accept comment "a"' in text
    assert 'ip saddr { 10.0.0.1/32, 10.0.0.5/32 } tcp dport 80 counter accept comment "b"' in text


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"ports": ["29000-30001"]}, ["tcp dport 30000-30001"]),
        ({"ports": ["0-65535"], "proto": "sctp"}, ["sctp dport 30000-32767"]),
        ({"ports": [29999, 32768]}, []),
        (
            {"ports": [32767], "proto": "udp", "origin": "nodes"},
            ["ip saddr @nodes_ipv4 udp", "ip6 saddr fd77::/126 udp"],
        ),
        ({"proto": "any", "ports": None, "origin": "pods"}, ["ip saddr 10.88.0.0/16"]),
        ({"proto": "icmp", "ports": None}, []),
    ],
)
def test_node_ports_that_a_rule_opens(fields, wanted):
    found = lines("node_ports", rule(**fields))
    assert [line.startswith(start) for line, start in zip(found, wanted, strict=True)] == [True] * len(wanted)


def test_only_node_ports_of_the_node_itself_are_judged():
    text = render(right(rule(ports=[20005])), node_ports=(20000, 20010))
    matches = [line.partition(" counter")[0] for line in chain(text, "node_ports")]
    assert matches[:4] == [
        "meta l4proto != { tcp, udp, sctp }",
        "th dport != 20000-20010",
        "ct state established,related",
        "fib daddr type != local",
    ]
    assert matches[4:7] == ['iifname "lo"', 'iifname "cilium_*"', 'iifname "lxc*"']
    assert matches[7] == "tcp dport 20005"


@given(any_rules())
def test_the_same_rules_give_the_same_text(listed):
    text = render(right(*listed))
    assert text == render(right(*copy.deepcopy(listed)))
    again = right(*[one.as_dict() for one in right(*listed)], words=None, resolved=True)
    assert render(again) == text
    assert all(f'comment "{one["name"]}"' in text for one in listed)
    assert "\t\t\t" not in "".join(chain(text, "input"))
    assert text.count("{") == text.count("}")


def test_a_text_without_the_connection_is_that_without_one():
    assert without_connection(TEXT) == without_connection(render(right(*SAMPLE))) == render(right(*SAMPLE))
    among = Connection("10.99.0.7", 30022)
    assert without_connection(render(right(*SAMPLE), among)) == render(right(*SAMPLE))


def change(edit):
    """The listing after an edit of it."""
    listed = copy.deepcopy(LISTED)
    edit(listed["nftables"])
    return listed


def find(items, comment):
    return next(item["rule"] for item in items if item.get("rule", {}).get("comment") == comment)


def test_what_was_loaded_is_equal_to_itself():
    assert differences(LISTED, LISTED) == []
    assert listing((OUTPUTS / "firewall.nft.json").read_text()) == LISTED


def test_counters_and_handles_and_releases_do_not_count():
    def edit(items):
        for item in items:
            for kind in item.values():
                kind["handle"] = kind.get("handle", 0) + 7
                for part in kind.get("expr", []):
                    if "counter" in part:
                        part["counter"] = {"packets": 5, "bytes": 300}
        items[0]["metainfo"]["version"] = "1.0.9"

    assert differences(change(edit), LISTED) == []


def test_the_order_in_sets_does_not_count():
    def edit(items):
        next(item["set"] for item in items if "set" in item)["elem"].reverse()
        for part in find(items, "web")["expr"]:
            if "set" in str(part.get("match", {}).get("right")):
                part["match"]["right"]["set"].reverse()

    assert differences(change(edit), LISTED) == []


def test_the_connection_of_another_day_does_not_count():
    def edit(items):
        items.remove(next(item for item in items if item.get("rule", {}).get("comment") == "base: connection in use"))

    assert differences(change(edit), LISTED) == []
    assert differences(LISTED, change(edit)) == []


@pytest.mark.parametrize("place", range(len(LISTED["nftables"])))
def test_each_thing_that_is_missing_is_seen(place):
    item = LISTED["nftables"][place]
    ignored = "metainfo" in item or item.get("rule", {}).get("comment") == "base: connection in use"
    found = change(lambda items: items.pop(place))
    assert bool(differences(found, LISTED)) is not ignored
    assert bool(differences(LISTED, found)) is not ignored


@pytest.mark.parametrize("place", range(len(LISTED["nftables"])))
def test_each_field_that_is_another_one_is_seen(place):
    (kind,) = LISTED["nftables"][place]
    if kind == "metainfo" or LISTED["nftables"][place][kind].get("comment") == "base: connection in use":
        return
    for key in LISTED["nftables"][place][kind].keys() - {"handle"}:
        found = change(lambda items, key=key: items[place][kind].update({key: "another"}))
        assert differences(found, LISTED), key


def test_differences_are_named():
    def verdict(items):
        find(items, "tunnel")["expr"][-1] = {"drop": None}

    def order(items):
        rules = [item for item in items if item.get("rule", {}).get("chain") == "input"]
        one, other = items.index(rules[-4]), items.index(rules[-5])
        items[one], items[other] = items[other], items[one]

    def foreign(items):
        items.append({"rule": {"chain": "input", "expr": [{"accept": None}], "handle": 99}})

    def policy(items):
        next(item["chain"] for item in items if "chain" in item)["policy"] = "accept"

    assert differences(change(verdict), LISTED) == ["input: rule tunnel is another one"]
    assert differences(change(order), LISTED) == ["input: the order of the rules is another one"]
    assert differences(change(foreign), LISTED) == ["input: rule without a name is not wanted"]
    assert differences(LISTED, change(foreign)) == ["input: rule without a name is missing"]
    assert differences(change(policy), LISTED) == ["chain input is another one"]


def test_no_table():
    assert differences(None, LISTED) == ["the table is missing"]
    assert differences(LISTED, None) == ["the table is there"]
    assert differences(None, None) == []


@pytest.mark.parametrize("printed", ["", "[]", '{"nftables": [{"table": {"flags": "\x03"'])
def test_a_table_that_nft_cannot_print(printed):
    assert differences(listing(printed), LISTED) == ["the table is one that nft cannot show"]


def test_the_table_of_a_control_plane():
    text = render(derive(roles=["control_plane"]).rules)
    for match in (
        "ip saddr @nodes_ipv4 udp dport 6081",
        "ip saddr @nodes_ipv4 icmp type 8 icmp code 0",
        "ip saddr 10.77.0.1/32 tcp dport 2379-2380",
        "ip saddr 10.99.0.0/24 tcp dport 22",
        "tcp dport 6443",
    ):
        assert f"\t\t{match} counter accept" in text
