# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only what is asked for changes in the text, and it says then what was wanted."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.yaml_edit import GONE, Text
from hypothesis import given
from hypothesis import strategies as st


def edited(text, *path, value, document=0):
    work = Text(text, "f.yaml")
    work.set(document, path, value)
    return work.text


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: 1  # one\nb: 2\n", "a", 3, "a: 3  # one\nb: 2\n"),
        ("a: 'x'   # q\n", "a", "y", "a: y   # q\n"),
        ("a:\nb: 1\n", "a", "x", "a: x\nb: 1\n"),
        ("a:   # why\n  b: 1\n", "a.c", 2, "a:   # why\n  b: 1\n  c: 2\n"),
        ("a: {}   # why\nz: 1\n", "a.b.c", True, "a:   # why\n  b:\n    c: true\nz: 1\n"),
        ("a: {b: 1}\n", "a.c", "no", 'a: {b: 1, c: "no"}\n'),
        ("a: {b: {c: 1}, d: 2}\n", "a.b.c", [1, "x"], "a: {b: {c: [1, x]}, d: 2}\n"),
        ("a:\n  b: 1   # end\n  # tail\nc: 2\n", "a.x", 5, "a:\n  b: 1   # end\n  x: 5\n  # tail\nc: 2\n"),
        ("a:\n    b: 1\n", "a.c.d", 1, "a:\n    b: 1\n    c:\n      d: 1\n"),
        ("a: |\n  text\n  more\n\nb: 1\n", "a", "new", "a: new\nb: 1\n"),
        ("a: |\n  text\nb: 1\n", "c", "1\n2\n", "a: |\n  text\nb: 1\nc: |\n  1\n  2\n"),
        ("a: 1", "b", 2, "a: 1\nb: 2\n"),
        ("a:\n- x\n- y\nb: 1\n", "a", ["z"], "a:\n- z\nb: 1\n"),
        ("a:\n  - x\n", "a", {"k": 1}, "a:\n  k: 1\n"),
        ("a: 1\nb: 2  # two\nc: 3\n", "b", GONE, "a: 1\nc: 3\n"),
        ("a:\n  b: 1\nc: 3\n", "a.b", GONE, "a:\n  {}\nc: 3\n"),
        ("a: {b: 1, c: 2}\n", "a.b", GONE, "a: {c: 2}\n"),
        ("a: 1\n", "b", GONE, "a: 1\n"),
        ("a: 1\n", "b", None, "a: 1\nb: null\n"),
        ("a: x   # c\n", "a", "1\n2\n", "a: |   # c\n  1\n  2\n"),
        ("a: &x {b: 1}\nc: 2\n", "c", 3, "a: &x {b: 1}\nc: 3\n"),
        ("a: 1\r\nb: {}\r\n", "b.c", 2, "a: 1\r\nb:\r\n  c: 2\r\n"),
    ],
)
def test_one_change(before, path, value, after):
    assert edited(before, *path.split("."), value=value) == after


def test_a_mapping_keeps_what_it_has():
    before = "a:\n  x: 1   # kept\n  y: 2\n  z: {q: 1}   # kept too\n"
    after = "a:\n  x: 1   # kept\n  z: {q: 1}   # kept too\n  n:\n    m: 1\n"
    assert edited(before, "a", value={"x": 1, "z": {"q": 1}, "n": {"m": 1}}) == after


def test_equal_is_no_change():
    text = "a: {b: 01}\nc:   [1,2]\nd: 'x'\n"
    assert edited(text, "a", value={"b": 1}) == text
    assert edited(text, "c", value=[1, 2]) == text
    assert edited(text, "d", value="x") == text


def test_documents_are_found_by_their_place():
    text = "# head\n---\na: 1\n---\n# empty\n---\na: 1\n"
    work = Text(text, "f.yaml")
    work.set(1, ("a",), 2)
    assert work.text == "# head\n---\na: 1\n---\n# empty\n---\na: 2\n"
    work.append({"b": "x\ny\n"})
    assert work.text.endswith("a: 2\n---\nb: |\n  x\n  y\n")
    assert work.documents() == [{"a": 1}, {"a": 2}, {"b": "x\ny\n"}]


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "b", "f.yaml:3: the key is there twice (got a). Remove one."),
        ("a: [x]\n", "a.b", "f.yaml a: it is no mapping. Make it one."),
        ("a: [\n", "a", "f.yaml: it is not YAML: "),
        (
            "a: &x\n  b: 1\nc: *x\n",
            "a.b",
            "f.yaml: it cannot be changed in place, because of its anchors, aliases or tabs. Write these parts out.",
        ),
    ],
)
def test_what_cannot_be_done(text, path, message):
    with pytest.raises(NetworkError, match=".") as caught:
        edited(text, *path.split("."), value=9)
    assert str(caught.value).startswith(message)


NAMES = st.sampled_from(["a", "b", "c", "d-e", "f.g"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 99), st.text("ab :#-{}'\"\n", max_size=6), st.lists(st.integers(0, 9))
)
TREES = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6),
    min_size=1,
    max_size=4,
)


@given(TREES, st.lists(NAMES, min_size=1, max_size=3), st.one_of(LEAVES, TREES), st.sampled_from([True, False, None]))
def test_says_what_was_wanted_whatever_the_style(tree, path, value, style):
    text = "# head\n" + yaml.safe_dump(tree, default_flow_style=style) + "# tail\n"
    work = Text(text, "f.yaml")
    above = tree
    for name in path[:-1]:
        above = above.get(name, {}) if isinstance(above, dict) else above
    if not isinstance(above, dict) and above is not None:
        return
    work.set(0, path, value)
    found = yaml.safe_load(work.text)
    for name in path:
        found = found[name]
    assert found == value
    assert work.text.startswith("# head\n")
    again = Text(work.text, "f.yaml")
    again.set(0, path, value)
    assert again.text == work.text
