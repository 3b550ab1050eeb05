"""What docs.py writes."""

from __future__ import annotations

from types import SimpleNamespace

import docs
import pytest
import yaml

SPEC = """
argument_specs:
  main:
    short_description: Does a thing
    description: [First., Second.]
    options:
      demo_name: {description: The name., type: str, required: true}
      demo_mode: {description: "How, see O(demo_name).", type: str, choices: [a, b], default: a}
      demo_list:
        description: Entries.
        type: list
        elements: dict
        default: []
        options:
          size: {description: "Left|right.", type: int, required: true}
"""


@pytest.fixture
def role(tmp_path):
    folder = tmp_path / "roles" / "demo"
    (folder / "meta").mkdir(parents=True)
    (folder / "defaults").mkdir()
    (folder / "meta" / "argument_specs.yml").write_text(SPEC)
    (folder / "defaults" / "main.yml").write_text(yaml.safe_dump({"demo_mode": "a", "demo_list": []}))
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain text.", "Plain text."),
        (["One.", "Two."], "One.\n\nTwo."),
        ("O(a), O(a=1), V(x), C(y), E(HOME), RV(r)", "`a`, `a=1`, `x`, `y`, `HOME`, `r`"),
        ("B(bold) I(slanted)", "**bold** *slanted*"),
        ("M(kubernetes.core.k8s) P(a.b.c#filter)", "`kubernetes.core.k8s` `a.b.c`"),
        ("L(text,https://example.com) U(https://example.com)", "[text](https://example.com) <https://example.com>"),
    ],
)
def test_markup_becomes_markdown(text, expected):
    assert docs.markdown(text) == expected


def test_broken_markup_is_an_error():
    with pytest.raises(ValueError, match="O"):
        docs.markdown("O(unclosed")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("", '`""`'),
        ("a b", "`a b`"),
        (True, "`true`"),
        (3, "`3`"),
        ([], "`[]`"),
        ({"a": [1]}, "`{a: [1]}`"),
    ],
)
def test_defaults_read_as_yaml(value, expected):
    assert docs.literal(value) == expected


def test_a_role_readme_lists_every_variable(role):
    text = docs.role_readme(role)
    assert "# Role `eks_anywhere.network.demo`" in text
    assert "| `demo_name` | str | **required** | The name. |" in text
    assert "| `demo_mode` | str | `a` | How, see `demo_name`.<br>One of `a`, `b`. |" in text
    assert "| `demo_list` | list of dict | `[]` | Entries. |" in text
    assert "| `demo_list[].size` | int | **required** | Left\\|right. |" in text
    assert "      demo_name: …" in text


def test_tables_fill_their_marks_and_nothing_else(role):
    root = role.parents[1]
    for folder, name in (("modules", "thing"), ("inventory", "places")):
        (root / "plugins" / folder).mkdir(parents=True)
        said = f"DOCUMENTATION = 'short_description: Does {name}'\n"
        (root / "plugins" / folder / f"{name}.py").write_text(said)
    (root / "playbooks").mkdir()
    meta = {"argument_specs": {"setup": {"short_description": "Plays"}}}
    (root / "playbooks" / "play.meta.yml").write_text(yaml.safe_dump(meta))
    marks = "".join(
        f"<!-- generated: {name} -->\nold\n<!-- end -->\ntext\n"
        for name in ("roles", "playbooks", "modules", "inventory")
    )
    (root / "README.md").write_text(f"head\n{marks}")
    written = docs.generated(root)
    text = written[root / "README.md"]
    assert "old" not in text
    assert text.startswith("head\n")
    assert text.count("text\n") == 4
    assert "| [`demo`](roles/demo/README.md) | Does a thing |" in text
    assert "| `eks_anywhere.network.play` | Plays |" in text
    assert "| `thing` | Does thing |" in text
    assert "| `places` | Does places |" in text
    assert docs.filled(text, docs.tables(root)) == text


def test_a_missing_mark_is_an_error():
    with pytest.raises(ValueError, match="marks of the table roles are missing"):
        docs.filled("nothing here", {"roles": "x"})


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ({"words": {"old": {"a": "1", "b": "2"}, "x": {"c": "3"}}}, "`old` becomes `a: 1, b: 2`; `x` becomes `c: 3`"),
        ({"now": "new.key"}, "moved to `new.key`"),
        ({}, "dropped. Why."),
        ({"harmless": False}, "dropped if false, else the play ends. Why."),
        ({"harmless": ""}, "dropped if empty, else the play ends. Why."),
        (
            {"harmless": False, "replaced": True},
            "dropped if false, or where kubeProxyReplacement is true, else the play ends. Why.",
        ),
    ],
)
def test_the_page_of_versions_says_what_becomes_of_a_value(gone, said):
    nothing = {"words": {}, "now": "", "harmless": None, "replaced": False, "advice": "Why."}
    assert docs.carried_over(SimpleNamespace(**nothing | gone)) == said


def test_the_page_of_firewall_rules_has_every_rule_with_its_reason():
    page = docs.firewall_page()
    assert "| `cilium-tunnel` | control_plane, worker | udp | 6081 (geneve), 8472 (vxlan)" in page
    assert "| members and API servers; on bare metal etcd is always stacked | EKSA docs/content/" in page
    assert '| loopback | `iifname "lo"` | the node to itself |' in page


def test_the_example_of_a_role_for_nodes(role):
    spec = role / "meta" / "argument_specs.yml"
    assert "hosts: cluster" in docs.role_readme(role)
    spec.write_text(SPEC.replace("[First., Second.]", "[Runs on nodes. First.]"))
    assert "hosts: nodes" in docs.role_readme(role)
