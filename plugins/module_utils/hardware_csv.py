# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hardware.csv, the list of machines that EKS Anywhere provisions: read from a file or from options, and written.

What the columns mean is in aws/eks-anywhere, pkg/providers/tinkerbell/hardware/{csv,machine}.go, the same from v0.23 to
v0.26. A file is read as strictly as Go's encoding/csv reads it: what Python would tolerate there, EKS Anywhere refuses.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import choose, got, nearest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem

COLUMNS = (
    "hostname", "bmc_ip", "bmc_username", "bmc_password", "mac", "ip_address", "netmask", "gateway", "nameservers",
    "labels", "disk", "vlan_id",
)  # fmt: skip
"""Every column EKS Anywhere knows, in the order of its documentation."""
BMC = ("bmc_ip", "bmc_username", "bmc_password")
OPTIONAL = (*BMC, "vlan_id")
"""Columns that a file may do without. The others have to stand in its first line."""
SECRET = "bmc_password"
SEPARATOR = "|"
"""What stands between several nameservers, and between several labels."""

_LINE = re.compile(r'(?:"(?:[^"]|"")*"|[^",]*)(?:,(?:"(?:[^"]|"")*"|[^",]*))*')
_FIELD = re.compile(r'(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))')


@dataclass(frozen=True)
class HardwareProblem(Problem):
    """A problem and its place. ``line`` is that of the file, None for options; ``order`` is only for sorting."""

    order: int = 0
    line: int | None = None
    hostname: str = ""
    column: str = ""

    def __lt__(self, other: HardwareProblem) -> bool:
        return self._rank() < other._rank()

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of a module's ``errors``."""
        return {**super().as_dict(), "line": self.line, "hostname": self.hostname, "column": self.column}

    def _rank(self) -> tuple[int, str, str, str]:
        return self.order, self.path, self.message, self.hint


Problems = list[HardwareProblem]


@dataclass(frozen=True)
class Row:
    """One machine as it is given: text by column. A column that the file wrongly lacks is not in ``values``.

    ``number`` is the line in the file ``source``, or the place in the option where ``source`` is "". ``interfaces`` are
    the NICs beside the one that boots, for which a file has no columns.
    """

    values: dict[str, str] = field(repr=False)
    number: int
    source: str = ""
    interfaces: tuple[Mapping[str, Any], ...] = ()

    @property
    def hostname(self) -> str:
        """Return what the machine is called, "" where that is not given."""
        return self.values.get("hostname", "")

    def __str__(self) -> str:
        place = f"line {self.number}" if self.source else f"machines[{self.number}]"
        return f"{place} ({self.hostname})"

    def problem(self, column: str, message: str, hint: str) -> HardwareProblem:
        """Return what is wrong with one column, whose path may go on: ``interfaces[0].mac``."""
        path = f"machines[{self.number}].{column}"
        if self.source:
            path = f"{self.source}:{self.number} " + (f"({self.hostname}) " if self.hostname else "") + column
        line = self.number if self.source else None
        return HardwareProblem(path, message, hint, self.number, line, self.hostname, column)


@dataclass(frozen=True)
class Machine:
    """One machine after all checks: addresses as text, the MAC in small letters, "" for what it does not have."""

    hostname: str
    mac: str
    ip_address: str
    netmask: str
    gateway: str
    nameservers: tuple[str, ...]
    disk: str
    labels: Mapping[str, str] = field(default_factory=dict)
    bmc_ip: str = ""
    bmc_username: str = ""
    bmc_password: str = field(default="", repr=False)
    vlan_id: str = ""
    interfaces: tuple[Mapping[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the machine without its password."""
        return {
            "hostname": self.hostname,
            "bmc_ip": self.bmc_ip,
            "bmc_username": self.bmc_username,
            "mac": self.mac,
            "ip_address": self.ip_address,
            "netmask": self.netmask,
            "gateway": self.gateway,
            "nameservers": list(self.nameservers),
            "labels": dict(self.labels),
            "disk": self.disk,
            "vlan_id": self.vlan_id,
            "interfaces": [dict(entry) for entry in self.interfaces],
        }

    def cells(self) -> dict[str, str]:
        """Return the text of every column."""
        values: dict[str, str] = {
            name: getattr(self, name) for name in COLUMNS if name not in ("labels", "nameservers")
        }
        values["nameservers"] = SEPARATOR.join(self.nameservers)
        values["labels"] = SEPARATOR.join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        return values


def decode(data: bytes, source: str) -> str:
    """Return the text of a file. Raises NetworkError where it is not plain UTF-8."""
    if data.startswith(b"\xef\xbb\xbf"):
        message = "it begins with a byte order mark, which EKS Anywhere takes for a part of the first column's name"
        raise NetworkError(_line(source, 1, message, "Save it as UTF-8 without one"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise NetworkError(_line(source, number, "it is not UTF-8", "Save the file as UTF-8")) from error


def split(line: str) -> list[str] | None:
    """Return the fields of a line, None where its quotes do not match."""
    if '"' not in line:
        return line.split(",")
    if not _LINE.fullmatch(line):
        return None
    return [quoted.replace('""', '"') or plain for quoted, plain in _FIELD.findall(line)]


def join(fields: Iterable[str]) -> str:
    """Return a line, without its end; a field is quoted where it has to be."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Return each line that is not empty and its number. A line may end as on Windows."""
    for number, line in enumerate(text.split("\n"), 1):
        found = line.removesuffix("\r")
        if found:
            yield number, found


def is_header(names: Sequence[str]) -> bool:
    """Say whether this is a first line: most of it are names of columns. Another line is never shown."""
    return 2 * sum(name.strip().lower() in COLUMNS for name in names) > len(names)


def parse(text: str, source: str) -> tuple[list[Row], Problems]:
    """Read the text of a file. ``source`` is what messages call it.

    Lines that cannot be read are left out of the rows and noted. Columns are found by their names; one that is misspelt
    is noted and read as the one that was meant.
    """
    problems: Problems = []
    every = lines(text)
    first, head = next(every, (1, ""))
    names = split(head) or []
    if not is_header(names):
        message = "it is not the line with the names of the columns"
        return [], [_line(source, first, message, f"Let the file begin with: {','.join(COLUMNS)}")]
    columns = _columns(names, source, first, problems)
    absent = dict.fromkeys([name for name in OPTIONAL if name not in columns], "")
    rows = []
    for number, line in every:
        fields = split(line)
        if fields is None:
            message = "its quotes do not match, or a field goes over several lines"
            problems.append(_line(source, number, message, 'Write " inside a quoted field as "", and no line breaks'))
        elif len(fields) != len(columns):
            message = f"the number of fields is not that of the columns (got {len(fields)}, wanted {len(columns)})"
            problems.append(_line(source, number, message, "Add what is missing, and quote a field that has a comma"))
        else:
            rows.append(Row({**absent, **dict(zip(columns, fields, strict=True))}, number, source))
    if not rows and not problems:
        problems.append(_line(source, first, "there are no machines below it", "Add a line for each machine"))
    return rows, problems


def _columns(names: Sequence[str], source: str, number: int, problems: Problems) -> list[str]:
    """Return what each column of a file is; what is unknown or there twice stays what it is called."""
    columns: list[str] = []
    for name in names:
        if name in columns:
            problems.append(_line(source, number, "the column is there twice", "Remove one", name))
        if name in COLUMNS:
            columns.append(name)
            continue
        hint = choose(name, COLUMNS, "The columns are")
        problems.append(_line(source, number, "EKS Anywhere has no such column", hint, name))
        meant = nearest(name, COLUMNS)
        columns.append(name if meant in {"", *names, *columns} else meant)
    for name in COLUMNS:
        if name not in columns and name not in OPTIONAL:
            problems.append(_line(source, number, "the column is missing", "Add it to the first line and to all", name))
    return columns


def _line(source: str, number: int, message: str, hint: str, column: str = "") -> HardwareProblem:
    """Return what is wrong with a line as a whole, or with a column of the first one."""
    path = f"{source}:{number}" + (f" {column}" if column else "")
    return HardwareProblem(path, message, hint, number, number, "", column)


def read(given: Iterable[Any]) -> tuple[list[Row], Problems]:
    """Read the option ``machines``: mappings of columns to text. Nameservers may be a list, labels a mapping."""
    rows: list[Row] = []
    problems: Problems = []
    for number, entry in enumerate(given):
        if not isinstance(entry, Mapping):
            path = f"machines[{number}]"
            problems.append(HardwareProblem(path, "it must be a mapping", "Give its columns by name", number))
            continue
        row = Row({"hostname": name} if isinstance(name := entry.get("hostname"), str) else {}, number)
        for name in sorted(map(str, entry.keys() - {*COLUMNS, "interfaces"})):
            problems.append(row.problem(name, "a machine has no such column", choose(name, COLUMNS, "The columns are")))
        values = {name: _text(row, name, entry.get(name), problems) for name in COLUMNS}
        interfaces = entry.get("interfaces") or []
        if not isinstance(interfaces, list) or not all(isinstance(item, Mapping) for item in interfaces):
            problems.append(row.problem("interfaces", "it must be a list of mappings", "Give a mapping for each NIC"))
            interfaces = []
        known = {name: text for name, text in values.items() if text is not None}
        rows.append(Row(known, number, "", tuple(interfaces)))
    if not rows and not problems:
        problems.append(HardwareProblem("machines", "there are none", "Give at least one machine"))
    return rows, problems


def _text(row: Row, column: str, value: Any, problems: Problems) -> str | None:
    """Return the text of one value, None where it has none. A password is never shown."""
    if value is None:
        return ""
    if column == "vlan_id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if column == "nameservers" and isinstance(value, list):
        return _joined(row, column, value, problems)
    if column == "labels" and isinstance(value, Mapping):
        pairs = [f"{key}={value[key]}" for key in sorted(value, key=str)]
        if any(isinstance(entry, bool) or not isinstance(entry, (str, int)) for entry in value.values()):
            problems.append(row.problem(column, "every value must be a string", 'Quote it: "true"'))
            return None
        if any("=" in f"{key}{entry}" for key, entry in value.items()):
            problems.append(row.problem(column, "a label cannot have a = in it", "Give names and values as a mapping"))
            return None
        return _joined(row, column, pairs, problems)
    if isinstance(value, str):
        return value
    kind = {"nameservers": "a list of strings", "labels": "a mapping of strings"}.get(column, "a string")
    shown = "" if column == SECRET else f" {got(column, value)}"
    problems.append(row.problem(column, f"it must be {kind}{shown}", f"Give {kind}; quote what YAML reads otherwise"))
    return None


def _joined(row: Row, column: str, entries: list[Any], problems: Problems) -> str | None:
    if all(isinstance(entry, str) and SEPARATOR not in entry for entry in entries):
        return SEPARATOR.join(entries)
    problems.append(row.problem(column, "every entry must be a string without |", "Give each as an entry of its own"))
    return None


def render(machines: Sequence[Machine]) -> str:
    """Return the text of the file: the same machines give the same bytes.

    Columns that no machine uses are left out, labels are sorted, machines keep their order.
    """
    cells = [machine.cells() for machine in machines]
    used = [name for name in COLUMNS if _used(name, cells)]
    return "".join(f"{join(line)}\n" for line in [used, *([cell[name] for name in used] for cell in cells)])


def _used(column: str, cells: Sequence[Mapping[str, str]]) -> bool:
    together = BMC if column in BMC else (column,)
    return column not in OPTIONAL or any(cell[name] for cell in cells for name in together)
