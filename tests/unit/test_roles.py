"""A role's variables: defaults/main.yml and meta/argument_specs.yml say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(folder.name for folder in (ROOT / "roles").iterdir() if folder.is_dir())


def specs(role: str) -> dict[str, dict]:
    """The options of a role's entry point ``main`` by name."""
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text()
    return yaml.safe_load(text)["argument_specs"]["main"].get("options", {})


def defaults(role: str) -> dict[str, object]:
    """What a role's defaults/main.yml sets."""
    file = ROOT / "roles" / role / "defaults" / "main.yml"
    return (yaml.safe_load(file.read_text()) or {}) if file.is_file() else {}


@pytest.mark.parametrize("role", ROLES)
def test_every_default_is_documented(role):
    assert sorted(set(defaults(role)) - set(specs(role))) == []


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_required_or_has_a_default(role):
    without = {name for name, option in specs(role).items() if not option.get("required")} - set(defaults(role))
    assert sorted(without) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_required_variable_has_no_default(role):
    both = {name for name, option in specs(role).items() if option.get("required")} & set(defaults(role))
    assert sorted(both) == []


@pytest.mark.parametrize("role", ROLES)
def test_documented_defaults_are_the_real_ones(role):
    documented = {name: option.get("default") for name, option in specs(role).items() if not option.get("required")}
    assert documented == {name: value for name, value in defaults(role).items() if name in documented}


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_role_name(role):
    assert [name for name in specs(role) if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_entry_point_is_described(role):
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text()
    for name, entry in yaml.safe_load(text)["argument_specs"].items():
        assert entry.get("short_description"), name
        assert entry.get("description"), name
