# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of single values: what each takes, what it makes of it, and what a wrong value is answered."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import netplan_fields as fields
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report


def said(reader, value):
    report = Report()
    found = reader(value, "f", report)
    return found, [str(problem) for problem in report.errors]


@pytest.mark.parametrize(
    ("reader", "given", "found"),
    [
        (fields.flag, True, True),
        (fields.flag, "Yes", True),
        (fields.flag, "off", False),
        (fields.number(1, 10), 10, 10),
        (fields.number(1, 10), "7", 7),
        (fields.choice("manual", "off"), False, "off"),
        (fields.choice("slow", "fast"), "fast", "fast"),
        (fields.domains, "route", "route"),
        (fields.domains, "no", False),
        (fields.time("ms"), 100, "100"),
        (fields.time("s", 2000, 30_000), "30s", "30s"),
        (fields.mac, "52:54:00:AB:CD:EF", "52:54:00:ab:cd:ef"),
        (fields.address, "fd00::1", "fd00::1"),
        (fields.ipv4, "10.0.0.1", "10.0.0.1"),
        (fields.network, "10.0.0.0/24", "10.0.0.0/24"),
        (fields.network, "10.0.0.7", "10.0.0.7"),
        (fields.target, "default", "default"),
        (fields.interface, "10.0.0.7/24", "10.0.0.7/24"),
        (fields.interface, {"10.0.0.7/24": {"label": "a:1"}}, {"10.0.0.7/24": {"label": "a:1"}}),
        (fields.each(fields.number(1, 9)), {"eth1": "3"}, {"eth1": 3}),
    ],
)
def test_right_values(reader, given, found):
    assert said(reader, given) == (found, [])


@pytest.mark.parametrize(
    ("reader", "given", "error"),
    [
        (fields.flag, 1, "it must be a boolean (got 1). Give true or false."),
        (fields.number(1, 10), "x", "it must be a number (got x). Give a number from 1 to 10."),
        (fields.number(1, 10), True, "it must be a number (got true). Give a number from 1 to 10."),
        (fields.number(1, 10), 11, "the number is out of range (got 11). Give a number from 1 to 10."),
        (fields.number(2, 2), 1, "the number is out of range (got 1). Give 2."),
        (fields.text("a name"), "a b", "it is not a name (got a b). Give a name."),
        (fields.choice("slow", "fast"), "fats", "there is no such value (got fats). Use fast, if that is meant."),
        (fields.choice("none", "all"), False, "there is no such value (got false). Use one of: all, none."),
        (fields.time("ms"), "1m", "it is not a time (got 1m). Give a number, with s or ms behind it if any."),
        (fields.time("ms"), True, "it is not a time (got true). Give a number, with s or ms behind it if any."),
        (fields.time("s", 2000, 30_000), 31, "the time is out of range (got 31). Give a time from 2 to 30 s."),
        (fields.time("s", 1000), "999ms", "the time is out of range (got 999ms). Give a time of at least 1 s."),
        (fields.mac, 41135085296, "YAML reads it as a number (got 41135085296). Put it into quotes."),
        (
            fields.mac,
            "52-54-00-ab-cd-ef",
            "it is no MAC address (got 52-54-00-ab-cd-ef). Give six pairs of hexadecimal digits joined by colons.",
        ),
        (
            fields.mac,
            "01:00:5e:00:00:01",
            "no NIC has this address (got 01:00:5e:00:00:01). Give the address of one NIC.",
        ),
        (
            fields.mac,
            "00:00:00:00:00:00",
            "no NIC has this address (got 00:00:00:00:00:00). Give the address of one NIC.",
        ),
        (
            fields.address,
            "10.0.0.1/24",
            "it is not an IP address (got 10.0.0.1/24). Give the address without a prefix length.",
        ),
        (fields.address, "fe80::1%eth0", "it is not an IP address (got fe80::1%eth0). Give an address, as 10.0.0.10."),
        (fields.ipv4, "fd00::1", "it is not an IPv4 address (got fd00::1). Give an address, as 10.0.0.10."),
        (fields.network, "10.0.0.1/24", "it has host bits set (got 10.0.0.1/24). Write 10.0.0.0/24."),
        (fields.network, "x", "it is not a network (got x). Give it as address/length, for example 10.0.0.0/24."),
        (
            fields.interface,
            "10.0.0.1",
            "it is not an address with its prefix length (got 10.0.0.1). Give it as address/length: 10.0.0.10/24.",
        ),
        (
            fields.interface,
            "10.0.0.1/0",
            "it is not an address with its prefix length (got 10.0.0.1/0). Give it as address/length: 10.0.0.10/24.",
        ),
        (fields.interface, {}, "it must be one address (got {}). Give each address as an entry of its own."),
        (fields.sequence(fields.flag), True, "it must be a list (got true). Give a list."),
        (fields.each(fields.flag), [], "it must be a mapping (got []). Give a mapping."),
        (fields.mapping({}, "it"), [], "it must be a mapping (got []). Give a mapping, {} for an empty one."),
    ],
)
def test_wrong_values(reader, given, error):
    assert said(reader, given) == (None, [f"f: {error}"])


def test_a_label_fits_into_the_kernel():
    found, wrong = said(fields.interface, {"10.0.0.1/24": {"label": "a" * 16}})
    assert "a label of at most 15 characters" in wrong[0]
    assert said(fields.interface, {"10.0.0.1/24": {"label": "a" * 15}})[1] == []


def test_entries_of_a_list_keep_their_place():
    assert said(fields.sequence(fields.flag), [True, "x", "no"]) == (
        [True, None, False],
        ["f[1]: it must be a boolean (got x). Give true or false."],
    )


def test_a_mapping_says_all_that_is_wrong_and_keeps_the_rest():
    reader = fields.mapping({"mode": fields.flag, "to": fields.flag}, "a route", ("to",))
    assert said(reader, {"mode": "yes", "moed": 1}) == (
        {"mode": True},
        ["f.moed: a route has no such key (got 1). Use mode, if that is meant.", "f.to: a route needs it. Give to."],
    )


def test_what_is_wrong_inside_is_wrong():
    report = Report()
    report.error("a.b", "x", "")
    assert fields.noted("a", report)
    assert fields.noted("a.b", report)
    assert not fields.noted("a.bc", report)
    assert not fields.noted("a.b.c", report)
