# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule: what is right, what is wrong with the rest, and that both sides understand each other."""

from __future__ import annotations

import ast
import inspect
import sys

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    errors,
    firewall_nft,
    firewall_owners,
    firewall_rule,
    firewall_unit,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import collapse, read
from ansible_collections.eks_anywhere.network.tests.unit.plugins.firewall import (
    WORDS,
    any_rules,
    right,
    rule,
    wrong,
)
from hypothesis import given

OURS = "ansible_collections.eks_anywhere.network"


def test_a_rule_as_it_is_returned():
    (found,) = right(rule(ports=[443, "80-82", 81, "442"], origin="nodes", reason="why", source="where"))
    assert found.as_dict() == {
        "name": "one",
        "proto": "tcp",
        "ports": ["80-82", "442-443"],
        "from": "nodes",
        "on": ["control_plane", "worker", "tinkerbell"],
        "reason": "why",
        "source": "where",
        "sources": list(WORDS["nodes"]),
    }


def test_icmp_types_and_destinations_as_they_are_returned():
    given_rule = rule(proto="icmp", ports=None, icmp_types=["8/0", 3, "3/4", 3], destination="10.77.0.1")
    shown = right(given_rule)[0].as_dict()
    assert (shown["icmp_types"], shown["destination"], shown["ports"]) == (["3", "8/0"], ["10.77.0.1/32"], [])


def test_words_and_cidrs_together():
    (found,) = right(rule(origin=["nodes", "10.77.0.0/24", "fd00::1"]))
    assert found.sources == ("10.77.0.0/24", "fd00::1/128", "fd77::/126")
    assert found.as_dict()["from"] == ["nodes", "10.77.0.0/24", "fd00::1"]


def test_one_cidr_without_a_list():
    assert right(rule(origin="10.0.0.0/8"))[0].as_dict()["from"] == ["10.0.0.0/8"]


@pytest.mark.parametrize("key", [True, "true", "True", "on"])
def test_what_yaml_makes_of_on(key):
    assert right({**rule(), key: ["worker"]})[0].on == ("worker",)


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"name": "A"}, "name", "it is no name of a rule (got A)"),
        ({"name": "a:b"}, "name", "it is no name of a rule (got a:b)"),
        ({"name": 'a"'}, "name", 'it is no name of a rule (got a")'),
        ({"name": "a" * 64}, "name", f"it is no name of a rule (got {'a' * 64})"),
        ({"name": None}, "name", "it is no name of a rule (got null)"),
        ({"proto": "tpc"}, "proto", "there is no such value (got tpc)"),
        ({"proto": ["tcp"]}, "proto", 'there is no such value (got ["tcp"])'),
        ({"ports": None}, "ports", "a rule for tcp needs them (got null)"),
        ({"ports": []}, "ports", "a rule for tcp needs them (got [])"),
        ({"ports": {}}, "ports", "it must be a list (got {})"),
        ({"ports": [80, 65536]}, "ports[1]", "it is no port (got 65536)"),
        ({"ports": [-1]}, "ports[0]", "it is no port (got -1)"),
        ({"ports": ["90-80"]}, "ports[0]", "it is no port (got 90-80)"),
        ({"ports": ["ssh"]}, "ports[0]", "it is no port (got ssh)"),
        ({"ports": [True]}, "ports[0]", "it is no port (got true)"),
        ({"proto": "esp"}, "ports", "esp has no ports (got [80])"),
        ({"proto": "any"}, "ports", "any has no ports (got [80])"),
        ({"icmp_types": [8]}, "icmp_types", "tcp has no ICMP types (got [8])"),
        ({"proto": "icmp", "ports": None, "icmp_types": ["256"]}, "icmp_types[0]", "it is no ICMP type (got 256)"),
        ({"proto": "icmp", "ports": None, "icmp_types": ["8/256"]}, "icmp_types[0]", "it is no ICMP type (got 8/256)"),
        ({"origin": None}, "from", "a rule needs it"),
        ({"origin": "node"}, "from", "it is no address (got node)"),
        ({"origin": ["10.0.0.0/8", "10.0.0.300"]}, "from[1]", "it is no address (got 10.0.0.300)"),
        ({"origin": [10]}, "from[0]", "it is no address (got 10)"),
        ({"origin": "10.0.0.5/24"}, "from", "the address lies within the network (got 10.0.0.5/24)"),
        ({"destination": ["x"]}, "destination[0]", "it is no address (got x)"),
        ({"on": []}, "on", "a rule needs a role (got [])"),
        ({"on": ["node"]}, "on[0]", "there is no such value (got node)"),
        ({"reason": 5}, "reason", "it must be a string (got 5)"),
        ({"port": [80]}, "port", "a rule has no such field (got [80])"),
        ({"sources": ["10.0.0.0/8"]}, "sources", 'a rule has no such field (got ["10.0.0.0/8"])'),
    ],
)
def test_what_is_wrong(fields, path, message):
    assert wrong(rule(**fields)) == [(f"extra_rules[0].{path}", message)]


@pytest.mark.parametrize(
    "fields",
    [
        {"proto": "icmp", "ports": None, "origin": ["fd00::/8"]},
        {"proto": "icmpv6", "ports": None, "origin": ["10.0.0.0/8"]},
        {"origin": ["10.0.0.0/8"], "destination": ["fd00::1"]},
    ],
)
def test_a_rule_that_no_packet_can_match(fields):
    assert wrong(rule(**fields)) == [("extra_rules[0]", "no packet has this protocol, source and destination")]


def test_an_address_within_its_network_is_put_right():
    _found, (problem,) = read([rule(origin="fd00::1/64")], "extra_rules")
    assert problem.hint == "Write fd00::/64 for all of it, fd00::1/128 for the one address"


def test_a_misspelt_field_is_put_right():
    _found, problems = read([{**rule(), "protocol": "tcp"}, {**rule(name="b"), "xyz": 1}], "extra_rules")
    assert [problem.hint for problem in problems] == [
        "Use proto, if that is meant",
        "Its fields are: name, proto, ports, from, on, icmp_types, destination, reason, source",
    ]


def test_names_are_given_once():
    assert wrong(rule(), rule(name="two"), rule()) == [
        ("extra_rules[2].name", "it is extra_rules[0].name too (got one)")
    ]


def test_all_that_is_wrong_at_once():
    given_rules = [5, rule(proto="x", ports=["y"], origin="z", on=["v"]), rule(name="")]
    assert [path for path, _message in wrong(*given_rules)] == [
        "extra_rules[0]",
        "extra_rules[1].from",
        "extra_rules[1].on[0]",
        "extra_rules[1].ports[0]",
        "extra_rules[1].proto",
        "extra_rules[2].name",
    ]


def test_on_a_node_a_word_needs_its_sources():
    assert wrong(rule(origin="nodes"), words=None, resolved=True) == [
        ("extra_rules[0].from", "which addresses nodes means is not known here")
    ]
    assert right(rule(origin="any"), words=None, resolved=True)[0].sources == ("0.0.0.0/0", "::/0")
    assert right(rule(origin=["10.0.0.0/8"]), words=None, resolved=True)[0].sources == ("10.0.0.0/8",)
    assert wrong(rule(origin="nodes", sources=["x"]), words=None, resolved=True) == [
        ("extra_rules[0].sources[0]", "it is no address (got x)")
    ]


def test_addresses_of_each_version():
    (found,) = right(rule(origin=["10.0.0.0/8", "::/0"], destination=["10.1.0.0/16", "fd00::1"]))
    assert found.addresses(4) == (("10.0.0.0/8",), ("10.1.0.0/16",))
    assert found.addresses(6) == ((), ("fd00::1/128",))
    assert right(rule(proto="icmpv6", ports=None))[0].addresses(4) is None


def test_addresses_in_as_few_cidrs_as_possible():
    assert collapse(["fd00::1", "10.0.1.0/24", "10.0.0.0/24", "10.0.0.7", "::/0"]) == ("10.0.0.0/23", "::/0")


@given(any_rules())
def test_a_node_reads_what_the_controller_returns(listed):
    found = right(*listed)
    returned = [one.as_dict() for one in found]
    assert right(*returned, words=None, resolved=True) == found
    assert right(*[dict(reversed(one.items())) for one in listed]) == found


@pytest.mark.parametrize("module", [errors, firewall_rule, firewall_nft, firewall_owners, firewall_unit])
def test_what_runs_on_nodes_is_python_3_8_and_needs_nothing_else(module):
    tree = ast.parse(inspect.getsource(module), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {f"{OURS}.plugins.module_utils.{name}" for name in ("errors", "firewall_rule", "firewall_nft", "guard")}
    assert {name.partition(".")[0] for name in names - ours} <= sys.stdlib_module_names
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & {"removeprefix", "removesuffix", "bit_count"}


@pytest.mark.parametrize("module", [errors, firewall_rule, firewall_nft, firewall_owners, firewall_unit])
def test_what_runs_on_nodes_evaluates_no_type_that_python_3_8_lacks(module):
    """A subscript or a union outside of an annotation is a value, and runs."""
    tree = ast.parse(inspect.getsource(module))
    annotations = set()
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            for inner in ast.walk(getattr(node, field, None) or ast.Pass()):
                annotations.add(inner)
    values = [node for node in ast.walk(tree) if node not in annotations]
    generic = {"dict", "list", "tuple", "set", "Mapping", "Sequence", "Iterable", "Callable"}
    for node in values:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            assert node.value.id not in generic
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            assert not any(isinstance(side, (ast.Dict, ast.DictComp)) for side in (node.left, node.right))
