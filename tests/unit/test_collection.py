"""What the collection says about itself agrees with what is in it."""

from __future__ import annotations

from pathlib import Path

import docs
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
GROUP = "eks_anywhere.network.cluster"


def load(*parts):
    return yaml.safe_load(ROOT.joinpath(*parts).read_text())


def test_the_action_group_holds_the_modules_with_its_options():
    members = [
        module.stem
        for module in MODULES
        if GROUP in docs.plugin_documentation(module).get("extends_documentation_fragment", [])
    ]
    assert load("meta", "runtime.yml")["action_groups"]["cluster"] == members


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_every_module_supports_check_mode(module):
    assert docs.plugin_documentation(module)["attributes"]["check_mode"]["support"] == "full"


def test_every_playbook_describes_its_launch_variables():
    books = {path.stem for path in (ROOT / "playbooks").glob("*.yml") if not path.stem.endswith(".meta")}
    described = {path.name.removesuffix(".meta.yml") for path in (ROOT / "playbooks").glob("*.meta.yml")}
    assert described == books


def test_dependencies_are_the_same_wherever_they_stand():
    wanted = load("galaxy.yml")["dependencies"]
    listed = {entry["name"]: entry["version"] for entry in load("requirements.yml")["collections"] if "name" in entry}
    assert listed == wanted


def test_every_pinned_tool_is_in_the_lock():
    def pins(name):
        lines = (ROOT / name).read_text().splitlines()
        return {line for line in lines if line and not line.startswith("#")}

    assert sorted(pins("requirements-dev.txt") - pins("constraints.txt")) == []


def test_every_decision_has_the_same_shape():
    for number, record in enumerate(sorted((ROOT / "docs" / "adr").glob("*.md")), 1):
        text = record.read_text()
        assert record.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number}. ")
        heads = [line for line in text.splitlines() if line.startswith("## ")]
        assert heads == ["## Context", "## Decision", "## Consequences"]


@pytest.mark.parametrize("meta", sorted((ROOT / "playbooks").glob("*.meta.yml")), ids=lambda path: path.name)
def test_launch_variables_are_of_the_type_that_the_role_says(meta):
    known = {}
    for spec in ROOT.glob("roles/*/meta/argument_specs.yml"):
        known |= yaml.safe_load(spec.read_text())["argument_specs"]["main"].get("options", {})
    for name, option in load("playbooks", meta.name)["argument_specs"][meta.name.removesuffix(".meta.yml")][
        "options"
    ].items():
        if not name.startswith("eks_anywhere_"):
            assert name in known
            assert (name, option.get("type"), option.get("choices")) == (
                name,
                known[name].get("type"),
                known[name].get("choices"),
            )
