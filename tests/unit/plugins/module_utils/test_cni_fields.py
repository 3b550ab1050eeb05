# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of fields: what each kind takes, and what a wrong value is answered."""

from __future__ import annotations

import re

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import (
    ANY,
    FLAG,
    FLAGS,
    MAP,
    NUMBER,
    OBJECT,
    OBJECTS,
    TEXT,
    TEXTS,
    Field,
    Report,
    check,
    check_fields,
    choose,
    got,
    nearest,
)

TABLE = {
    "mode": Field(TEXT, choices=("l2", "l3")),
    "rangeStart": Field(TEXT),
    "links": Field(OBJECTS, fields={"name": Field(TEXT, required=True, meaning="a name")}, meaning="a link"),
    "dns": Field(OBJECT, fields={"domain": Field(TEXT)}, meaning="dns"),
}


def said(value, spec):
    report = Report()
    sound = check(value, spec, "f", report)
    return sound, [str(problem) for problem in report.errors]


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (TEXT, ["", "a"], [1, True, ["a"], {}]),
        (NUMBER, [0, -1, 70000], ["1", 1.0, True]),
        (FLAG, [True, False], ["true", 0, 1]),
        (TEXTS, [[], ["a"]], ["a", [1], {}]),
        (MAP, [{}, {"a": "b"}], [{"a": 1}, ["a"], "a"]),
        (FLAGS, [{}, {"a": True}], [{"a": "true"}, {"a": 1}]),
        (OBJECT, [{}, {"a": 1}], [[], "a"]),
        (OBJECTS, [[], [{}]], [{}, ["a"], "a"]),
        (ANY, [1, "a", None, []], []),
    ],
)
def test_each_kind_takes_what_the_plugins_take(kind, right, wrong):
    assert [said(value, Field(kind)) for value in right] == [(True, [])] * len(right)
    assert [said(value, Field(kind))[0] for value in wrong] == [False] * len(wrong)


def test_a_quoted_number_or_boolean_says_so():
    assert said("1500", Field(NUMBER))[1] == ['f: it must be a number (got "1500"). Give a number, without quotes.']
    assert said("yes", Field(FLAG))[1] == ['f: it must be a boolean (got "yes"). Give a boolean, without quotes.']
    assert said(["x"], Field(NUMBER))[1] == ['f: it must be a number (got ["x"]). Give a number.']


@pytest.mark.parametrize(
    ("value", "spec", "message"),
    [
        (-1, Field(NUMBER, low=0), "the number is out of range (got -1). Give a number of at least 0"),
        (5000, Field(NUMBER, low=0, high=4094), "the number is out of range (got 5000). Give a number from 0 to 4094"),
        ("L2", Field(TEXT, choices=("l2", "l3")), "there is no such value (got L2). Use l2, if that is meant"),
        ("bogus", Field(TEXT, choices=("l2", "l3")), "there is no such value (got bogus). Use one of: l2, l3"),
        ("", Field(TEXT, pattern=re.compile("x+"), meaning="an x"), 'it is not an x (got ""). Give an x'),
    ],
)
def test_limits_choices_and_patterns(value, spec, message):
    assert said(value, spec) == (True, [f"f: {message}."])


@pytest.mark.parametrize("value", [0, 4094])
def test_limits_are_inclusive(value):
    assert said(value, Field(NUMBER, low=0, high=4094)) == (True, [])


def test_every_field_is_checked_at_every_depth():
    report = Report()
    given = {"mode": "l9", "range_start": "x", "links": [{}, {"name": 1, "nme": 2}], "dns": {"domain": 3}}
    assert check_fields(given, TABLE, "c", "it", report) is False
    assert sorted(str(problem) for problem in report.errors) == [
        "c.dns.domain: it must be a string (got 3). Give a string.",
        "c.links[0].name: a link needs it. Give a name.",
        "c.links[1].name: it must be a string (got 1). Give a string.",
        "c.links[1].nme: a link has no such field (got 2). Use name, if that is meant.",
        "c.mode: there is no such value (got l9). Use one of: l2, l3.",
        "c.range_start: it has no such field (got x). Use rangeStart, if that is meant.",
    ]


def test_null_is_absent():
    report = Report()
    assert check_fields(dict.fromkeys(TABLE), TABLE, "c", "it", report) is True
    assert report.errors == []
    check_fields({"name": None}, TABLE["links"].fields, "c", "it", report)
    assert [problem.path for problem in report.errors] == ["c.name"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("range_start", "rangeStart"), ("RANGESTART", "rangeStart"), ("rangStart", "rangeStart"), ("zzz", "")],
)
def test_the_nearest_name(name, meant):
    assert nearest(name, ["rangeStart", "rangeEnd", "subnet"]) == meant


def test_without_a_near_name_all_are_listed():
    assert choose("zzz", ["b", "a"]) == "Use one of: a, b"
    assert choose("zzz", ["b", "a"], "Its fields are") == "Its fields are: a, b"


def test_values_are_shown_as_json_shortened_and_without_secrets():
    assert got("f", True) == "(got true)"
    assert got("f", "") == '(got "")'
    assert got("f.password", "geheim") == "(got (hidden))"
    assert len(got("f", "x" * 500)) < 100
