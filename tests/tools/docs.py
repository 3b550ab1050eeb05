"""Writes what is derived: the README of every role, the tables of README.md, and pages of docs/.

Roles come from their ``meta/argument_specs.yml`` and ``defaults/main.yml``, modules from their DOCUMENTATION, playbooks
from their ``<name>.meta.yml``. With ``--check`` nothing is written: what would change is named and the exit code is 1.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tree
import yaml
from antsibull_docs_parser import dom
from antsibull_docs_parser.parser import Context, parse

COLLECTION = "eks_anywhere.network"
NOTICE = "<!-- Written by `make docs` from meta/argument_specs.yml and defaults/main.yml: change those. -->"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def markdown(text: str | list[str] | None) -> str:
    """Ansible's markup as Markdown; a list becomes paragraphs."""
    paragraphs = [text] if isinstance(text, str) else text or []
    return "\n\n".join(_paragraph(one) for one in parse(paragraphs, Context()))


def _paragraph(parts: dom.Paragraph) -> str:
    return re.sub(r"\s+", " ", "".join(_part(part) for part in parts)).strip()


def _part(part: dom.AnyPart) -> str:
    match part:
        case dom.OptionNamePart() | dom.ReturnValuePart():
            return f"`{part.name}`" if part.value is None else f"`{part.name}={part.value}`"
        case dom.OptionValuePart():
            return f"`{part.value}`"
        case dom.EnvVariablePart():
            return f"`{part.name}`"
        case dom.CodePart():
            return f"`{part.text}`"
        case dom.BoldPart():
            return f"**{part.text}**"
        case dom.ItalicPart():
            return f"*{part.text}*"
        case dom.ModulePart():
            return f"`{part.fqcn}`"
        case dom.PluginPart():
            return f"`{part.plugin.fqcn}`"
        case dom.LinkPart():
            return f"[{part.text}]({part.url})"
        case dom.URLPart():
            return f"<{part.url}>"
        case dom.TextPart():
            return part.text
        case dom.ErrorPart():
            raise ValueError(part.message)
    return ""


def cell(text: str) -> str:
    """Text as it may stand in a Markdown table."""
    return text.replace("\n\n", "<br>").replace("\n", " ").replace("|", "\\|")


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _head in heads) + " |"]
    return "\n".join(lines + ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows])


def literal(value: Any) -> str:
    """A default as a reader writes it in YAML."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"`{value}`" if value else '`""`'
    return f"`{yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix('...' + chr(10)).strip()}`"


def kind(option: dict[str, Any]) -> str:
    name = option.get("type", "str")
    return f"list of {option.get('elements', 'any')}" if name == "list" else name


def options(specs: dict[str, Any], defaults: dict[str, Any], prefix: str = "") -> Iterator[list[str]]:
    """Rows of a variable table: name, type, default, meaning; nested ones follow their parent."""
    for name, option in specs.items():
        default = defaults.get(name, option.get("default"))
        meaning = markdown(option["description"])
        if option.get("choices"):
            meaning += "\n\nOne of " + ", ".join(literal(choice) for choice in option["choices"]) + "."
        yield [
            f"`{prefix}{name}`",
            kind(option),
            "**required**" if option.get("required") else literal(default),
            meaning,
        ]
        if option.get("options"):
            inner = f"{prefix}{name}[]." if option.get("type") == "list" else f"{prefix}{name}."
            yield from options(option["options"], {}, inner)


def role_readme(role: Path) -> str:
    spec = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    file = role / "defaults" / "main.yml"
    defaults = (load(file) or {}) if file.is_file() else {}
    required = [name for name, option in spec.get("options", {}).items() if option.get("required")]
    hosts = "nodes" if markdown(spec["description"]).startswith("Runs on nodes") else "cluster"
    example = ["- name: An example", f"  hosts: {hosts}", "  gather_facts: false", "  roles:"]
    example += [f"    - role: {COLLECTION}.{role.name}"] + [f"      {name}: …" for name in required]
    parts = [
        f"# Role `{COLLECTION}.{role.name}`",
        NOTICE,
        markdown(spec["short_description"]).rstrip(".") + ".",
        markdown(spec["description"]),
        "## Variables",
        table(["variable", "type", "default", "meaning"], list(options(spec.get("options", {}), defaults))),
        "## Use",
        "\n".join(["```yaml", *example, "```"]),
    ]
    return "\n\n".join(parts) + "\n"


def plugin_documentation(path: Path) -> dict[str, Any]:
    """The DOCUMENTATION of a plugin, read without importing it."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "DOCUMENTATION" for t in node.targets
        ):
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise ValueError(f"{path}: no DOCUMENTATION")


def roles(root: Path) -> list[Path]:
    return sorted(file.parents[1] for file in root.glob("roles/*/meta/argument_specs.yml"))


def tables(root: Path) -> dict[str, str]:
    """The generated parts of README.md by name."""
    role_rows = []
    for role in roles(root):
        spec = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
        role_rows.append([f"[`{role.name}`](roles/{role.name}/README.md)", markdown(spec["short_description"])])
    playbook_rows = []
    for meta in sorted(root.glob("playbooks/*.meta.yml")):
        spec = load(meta)["argument_specs"]
        first = next(iter(spec.values()))
        name = meta.name.removesuffix(".meta.yml")
        playbook_rows.append([f"`{COLLECTION}.{name}`", markdown(first["short_description"])])
    plugin_rows = {
        folder: [
            [f"`{path.stem}`", markdown(plugin_documentation(path)["short_description"])]
            for path in sorted(root.glob(f"plugins/{folder}/*.py"))
        ]
        for folder in ("modules", "inventory")
    }
    return {
        "roles": table(["role", "does"], role_rows),
        "playbooks": table(["playbook", "does"], playbook_rows),
        "modules": table(["module", "does"], plugin_rows["modules"]),
        "inventory": table(["inventory plugin", "does"], plugin_rows["inventory"]),
    }


def filled(readme: str, parts: dict[str, str]) -> str:
    """README.md with the text between its marks replaced."""
    for name, text in parts.items():
        pattern = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(readme):
            raise ValueError(f"README.md: the marks of the table {name} are missing")
        readme = pattern.sub(lambda match, text=text: f"{match[1]}{text}\n{match[2]}", readme)
    return readme


VERSIONS_HEAD = """\
# Which versions go together
<!-- Written by `make docs` from versions.py and cilium_renames.py of plugins/module_utils: change those. Their sources
are there. -->

"""
VERSIONS_TAIL = """
A Kubernetes outside the tested ones is a warning, unless the EKS Anywhere that manages the cluster ships this Cilium. A
chart that does not want the cluster's Kubernetes, or a node whose kernel is too old, ends the play before anything is
changed. More than one minor at a time needs `cilium_allow_version_skip`, going back needs `cilium_allow_downgrade`.

## Values that later charts call otherwise or have no more
What the running release has of these is carried over where that is safe, with a warning that says so. Where it is not,
the play ends before anything is changed and says what to do. In `cilium_values` each of them is an error that names the
new key. On the way to an older chart nothing is carried over.

"""


def minor(number: tuple[int, int]) -> str:
    """1.17, from the two numbers."""
    return ".".join(map(str, number))


def carried_over(gone: Any) -> str:
    """What becomes of a value of the running release that a later chart does not have."""
    if gone.words:
        words = ((old, ", ".join(f"{key}: {said}" for key, said in now.items())) for old, now in gone.words.items())
        return "; ".join(f"`{old}` becomes `{now}`" for old, now in words)
    if gone.now:
        return f"moved to `{gone.now}`"
    if gone.harmless is None:
        return f"dropped. {gone.advice}"
    idle = "empty" if gone.harmless == "" else str(gone.harmless).lower()
    replaced = ", or where kubeProxyReplacement is true" if gone.replaced else ""
    return f"dropped if {idle}{replaced}, else the play ends. {gone.advice}"


def versions_page() -> str:
    """docs/versions.md, from the tables that the role decides by."""
    utils = f"ansible_collections.{COLLECTION}.plugins.module_utils"
    versions = importlib.import_module(f"{utils}.versions")
    renames = importlib.import_module(f"{utils}.cilium_renames")
    rows = [
        [
            minor(row.cilium),
            " to ".join(map(minor, row.kubernetes)),
            f"{minor(row.kernel)}, 4.18 of RHEL 8.{row.rhel}",
            ", ".join(f"v{minor(eksa)}" for eksa in row.eks_anywhere) or "none",
            row.cli,
        ]
        for row in versions.TABLE
    ]
    heads = ["Cilium", "tested with Kubernetes", "oldest Linux kernel", "shipped by EKS Anywhere", "cilium CLI"]
    values = [[minor(gone.since), f"`{gone.key}`", carried_over(gone)] for gone in renames.TABLE]
    renamed = table(["from chart", "value", "of the running release"], values)
    return f"{VERSIONS_HEAD}{table(heads, rows)}\n{VERSIONS_TAIL}{renamed}\n"


FIREWALL_HEAD = """\
# What is open on a node, and why
<!-- Written by `make docs` from firewall_ports.py and firewall_nft.py of plugins/module_utils: change those. -->

Each rule is there while its condition holds in the live `cilium-config`; `from` says who is let in. CI are files of
cilium/cilium v1.17.6, EKSA those of aws/eks-anywhere v0.26.1.

"""
FIREWALL_BASE = """
## What every node lets in
These come first, in this order, before the rules above. There is no chain at the forward hook: what goes through a node
to and from pods is not judged.

"""


def firewall_page() -> str:
    """docs/firewall-rules.md, from the tables that the modules render."""
    utils = f"ansible_collections.{COLLECTION}.plugins.module_utils"
    ports = importlib.import_module(f"{utils}.firewall_ports")
    nft = importlib.import_module(f"{utils}.firewall_nft")
    heads = ["name", "on", "proto", "ports", "from", "when", "reason", "source"]
    rows = [[f"`{row['name']}`", *(row[head] for head in heads[1:])] for row in ports.documented()]
    base = [[name, f"`{match}`", reason] for name, match, reason in nft.BASE]
    return f"{FIREWALL_HEAD}{table(heads, rows)}\n{FIREWALL_BASE}{table(['what', 'match', 'why'], base)}\n"


def generated(root: Path) -> dict[Path, str]:
    """Every derived file and its text."""
    files = {role / "README.md": role_readme(role) for role in roles(root)}
    files[root / "README.md"] = filled((root / "README.md").read_text(), tables(root))
    files[root / "docs" / "versions.md"] = versions_page()
    files[root / "docs" / "firewall-rules.md"] = firewall_page()
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something would change")
    check = parser.parse_args().check
    sys.path.append(str(tree.sync().parents[2]))
    stale = {
        path: text for path, text in generated(tree.ROOT).items() if not path.is_file() or path.read_text() != text
    }
    for path, text in stale.items():
        print(f"{path.relative_to(tree.ROOT)}: {'not up to date, run make docs' if check else 'written'}")
        if not check:
            path.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
