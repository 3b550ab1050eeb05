# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes single values in YAML text and leaves every other character as it is: comments, order, quotes, indentation.

PyYAML says where each node begins and ends; a change is a replacement of that piece. After all changes the text is read
again, and it must say exactly what was wanted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import documents
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import LibraryMissing, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import same

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

STEP = 2
"""Spaces by which a new level is indented."""
GONE: Any = object()
"""Given as a value it removes the key; None is YAML's null."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_LINE = re.compile(r"[^\r\n]*|")
_WORDS = {"true", "yes", "on", "y", "false", "no", "off", "n", "null"}


class Text:
    """A text with several YAML documents, numbered as :meth:`documents` returns them. ``source`` names it in errors."""

    def __init__(self, text: str, source: str) -> None:
        if not HAS_YAML:
            raise LibraryMissing("PyYAML")
        self.text = text
        self._source = source
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._wanted = documents.load_all(text, source)
        _check_names(self._roots(), source)

    def documents(self) -> list[Any]:
        """Return what each document says, empty ones left out."""
        return self._wanted

    def set(self, document: int, path: Sequence[str], value: Any) -> None:
        """Give the value at a path of mappings; those that are missing are made.

        Of a mapping that is there only those keys change that differ. ``GONE`` removes the key.
        """
        for place in range(1, len(path)):
            above = _at(self._wanted[document], path[:place])
            if above not in (None, GONE) and not isinstance(above, Mapping):
                name = ".".join(path[:place])
                raise NetworkError(Problem(f"{self._source} {name}", "it is no mapping", "Make it one"))
        before = _at(self._wanted[document], path)
        if before is value or (GONE not in (before, value) and same(before, value)):
            return
        self._set(document, tuple(path), value)
        self._wanted[document] = _with(self._wanted[document], path, value)
        self._check()

    def append(self, document: Mapping[str, Any]) -> None:
        """Add a document at the end."""
        head = self.text if not self.text or self.text.endswith("\n") else self.text + self._newline
        self.text = head + self._ended("---\n" + block(document, 0))
        self._wanted.append(dict(document))
        self._check()

    def _check(self) -> None:
        """Hold what the text says against what it shall say."""
        if not same(documents.load_all(self.text, self._source), self._wanted):
            message = "it cannot be changed in place, because of its anchors, aliases or tabs"
            raise NetworkError(Problem(self._source, message, "Write these parts out"))

    def _roots(self) -> list[Any]:
        nodes = yaml.compose_all(self.text, Loader=yaml.SafeLoader)
        return [node for node in nodes if node is not None and node.tag != "tag:yaml.org,2002:null"]

    def _ended(self, text: str) -> str:
        return text.replace("\n", self._newline)

    def _set(self, document: int, path: tuple[str, ...], value: Any) -> None:
        node = self._roots()[document]
        for place, name in enumerate(path):
            if node.flow_style:
                self._replace(node, flow(_with(self._said(node), path[place:], value)))
                return
            found = next(((key, inner) for key, inner in node.value if key.value == name), None)
            if found is None:
                if value is not GONE:
                    self._insert(node, {name: _nested(path[place + 1 :], value)})
                return
            key, inner = found
            rest = path[place + 1 :]
            if not rest and value is GONE:
                self._remove(node, key, inner)
                return
            if not isinstance(inner, yaml.MappingNode) or not inner.value:
                self._give(key, inner, _nested(rest, value))
                return
            if not rest:
                self._merge(document, path, inner, value)
                return
            node = inner

    def _merge(self, document: int, path: tuple[str, ...], node: Any, value: Any) -> None:
        """Bring a mapping to a value: new keys first, so that it is never empty."""
        if not isinstance(value, Mapping) or not value or node.flow_style:
            key = next(key for key in self._keys(document, path) if key.value == path[-1])
            if node.flow_style:
                self._replace(node, flow(value))
            else:
                self._give(key, node, value)
            return
        before = _at(self._wanted[document], path)
        for name, inner in value.items():
            if name not in before or not same(before[name], inner):
                self._set(document, (*path, name), inner)
        for name in before.keys() - value.keys():
            self._set(document, (*path, name), GONE)

    def _keys(self, document: int, path: Sequence[str]) -> list[Any]:
        node = self._roots()[document]
        for name in path[:-1]:
            node = next(inner for key, inner in node.value if key.value == name)
        return [key for key, _inner in node.value]

    def _said(self, node: Any) -> Any:
        return documents.load_all(self.text[node.start_mark.index : node.end_mark.index], self._source)[0]

    def _replace(self, node: Any, text: str) -> None:
        self._splice(node.start_mark.index, node.end_mark.index, text)

    def _give(self, key: Any, node: Any, value: Any) -> None:
        """Put a value in place of a scalar, a list, or a mapping as a whole."""
        start = self.text.index(":", key.end_mark.index) + 1
        end = max(start, _end(node))
        text = _after_colon(value, key.start_mark.column)
        if "\n" in text and not self.text[:end].endswith("\n"):
            # A comment behind the old value stays behind the key.
            behind = _LINE.match(self.text, end)[0]
            first, _newline, rest = text.partition("\n")
            text = f"{first}{behind.rstrip()}\n{rest}"
            end += len(behind)
        elif self.text[:end].endswith("\n"):
            text += "\n"
        self._splice(start, end, self._ended(text))

    def _insert(self, node: Any, entry: Mapping[str, Any]) -> None:
        """Add entries at the end of a block mapping, below the line of its last value."""
        column = node.value[0][0].start_mark.column
        end = _end(node)
        text = self._ended(block(entry, column))
        if self.text[:end].endswith("\n"):
            self._splice(end, end, text)
            return
        line_end = self.text.find("\n", end)
        if line_end < 0:
            self._splice(len(self.text), len(self.text), self._newline + text)
        else:
            self._splice(line_end + 1, line_end + 1, text)

    def _remove(self, node: Any, key: Any, inner: Any) -> None:
        """Take out an entry with all its lines; a mapping that had no other becomes an empty one."""
        if len(node.value) == 1:
            start = node.start_mark.index
            self._splice(start, max(_end(inner), key.end_mark.index + 1), "{}")
            return
        start = self.text.rfind("\n", 0, key.start_mark.index) + 1
        end = max(_end(inner), key.end_mark.index + 1)
        if not self.text[:end].endswith("\n"):
            line_end = self.text.find("\n", end)
            end = len(self.text) if line_end < 0 else line_end + 1
        self._splice(start, end, "")

    def _splice(self, start: int, end: int, text: str) -> None:
        self.text = self.text[:start] + text + self.text[end:]


def _check_names(roots: Sequence[Any], source: str) -> None:
    """Refuse a mapping that has a key twice: PyYAML takes the last one, EKS Anywhere refuses the file."""
    problems: list[Problem] = []
    pending = list(roots)
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, inner in node.value:
                if key.value in seen and isinstance(key, yaml.ScalarNode):
                    where = f"{source}:{key.start_mark.line + 1}"
                    problems.append(Problem(where, f"the key is there twice (got {key.value})", "Remove one"))
                if isinstance(key, yaml.ScalarNode):
                    seen.add(key.value)
                pending.append(inner)
    if problems:
        raise NetworkError(problems)


def _end(node: Any) -> int:
    """Return where the text of a node really ends; PyYAML lets a block collection end at the next token."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value.get(name, GONE) if isinstance(value, Mapping) else GONE
    return value


def _nested(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def _with(tree: Any, path: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a mapping with one value changed, or removed where it is GONE."""
    found = dict(tree or {})
    name, *rest = path
    if not rest and value is GONE:
        found.pop(name, None)
    else:
        found[name] = _with(found.get(name), rest, value) if rest else value
    return found


def _after_colon(value: Any, column: int) -> str:
    """Return what follows the colon of a key that stands in this column."""
    if isinstance(value, Mapping) and value:
        return "\n" + block(value, column + STEP).removesuffix("\n")
    return block({"x": value}, column).lstrip(" ")[2:].removesuffix("\n")


def block(value: Mapping[str, Any], column: int) -> str:
    """Return a mapping as block YAML whose keys stand in this column, in their order. Texts of many lines stay so."""
    text = yaml.dump(
        value, Dumper=_dumper(), default_flow_style=False, allow_unicode=True, sort_keys=False, width=100_000
    )
    indent = " " * column
    return "".join(f"{indent}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _dumper() -> Any:
    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    Dumper.ignore_aliases = lambda _self, _data: True
    return Dumper
