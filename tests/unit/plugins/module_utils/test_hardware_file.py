# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module: what it writes, when, and what it says of it."""

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import Group
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_file import (
    Request,
    hidden,
    passwords,
    run,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import HEAD, PASSWORD, machine, table


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hardware.csv"


def present(path, *machines, check_mode=False, **options):
    result = run(Request("present", machines=list(machines), path=str(path), **options), check_mode)
    assert PASSWORD not in json.dumps(result)
    return result


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_writes_once(path):
    result = present(path, machine(), machine(2))
    assert result["changed"] is True
    assert (path.read_text(), mode(path)) == (table(machine(), machine(2)), 0o600)
    assert result["diff"]["before"] == ""
    assert result["diff"]["after"] == table(machine(bmc_password="(hidden)"), machine(2, bmc_password="(hidden)"))
    before = path.stat()
    assert present(path, machine(), machine(2))["changed"] is False
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_check_mode_says_the_same_and_writes_nothing(path):
    planned = present(path, machine(), check_mode=True)
    assert not path.exists()
    assert present(path, machine()) == planned
    planned = present(path, machine(disk="/dev/sdb"), check_mode=True)
    assert path.read_text() == table(machine())
    assert present(path, machine(disk="/dev/sdb")) == planned


def test_the_mode_alone_is_a_change(path):
    present(path, machine())
    path.chmod(0o640)
    result = present(path, machine())
    assert (result["changed"], mode(path)) == (True, 0o600)
    assert result["diff"]["before"].startswith("mode: 0640\nhostname,")
    assert result["diff"]["after"].startswith("mode: 0600\nhostname,")


def test_a_password_that_changes_says_only_that(path):
    present(path, machine(), machine(2))
    result = present(path, machine(), machine(2, bmc_password="another"), machine(3))
    assert result["changed"] is True
    before, after = (result["diff"][side].splitlines() for side in ("before", "after"))
    assert after[:2] == before[:2]
    assert after[2] == before[2].replace("(hidden)", '"(hidden, changed)"')
    assert "(hidden)," in after[3]
    assert "another" not in json.dumps(result)


def test_a_file_is_brought_into_its_form(path):
    path.write_text(table(machine(mac="CC:48:3A:00:00:01")).replace("\n", "\r\n"))
    request = Request("present", src=str(path), path=str(path))
    result = run(request, False)
    assert (result["changed"], path.read_text()) == (True, table(machine()))
    assert result["machines"][0]["mac"] == "cc:48:3a:00:00:01"
    assert run(request, False)["changed"] is False


def test_validated_writes_nothing(path):
    path.write_text(table(machine(mac="CC:48:3A:00:00:01")))
    path.chmod(0o644)
    result = run(Request("validated", src=str(path), path=str(path)), False)
    assert sorted(result) == ["changed", "machines"]
    assert (result["changed"], mode(path)) == (False, 0o644)
    assert "CC:" in path.read_text()
    assert PASSWORD not in json.dumps(result)


def test_nothing_is_written_when_something_is_wrong(path):
    path.write_text("old")
    with pytest.raises(NetworkError) as caught:
        present(path, machine(), machine(2, netmask="24"), {"hostnme": "x"}, groups=[Group("cp", {"type": "cp"}, 9)])
    assert path.read_text() == "old"
    assert [problem.path for problem in caught.value.problems][:2] == ["groups[0].count", "machines[1].netmask"]
    assert "machines[2].hostnme" in {problem.path for problem in caught.value.problems}


def test_lines_and_rows_are_judged_together(path):
    path.write_text(table(machine(), machine(2, disk="x")).replace("vlan_id", "vlanid") + "x,y\n")
    with pytest.raises(NetworkError) as caught:
        run(Request("validated", src=str(path)), False)
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [
        (1, "vlanid"),
        (3, "disk"),
        (4, ""),
    ]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request("validated", src="/nowhere/x.csv"), "src: there is no file /nowhere/x.csv. Correct the path."),
        (
            Request("validated", src="/"),
            "src: / cannot be read: Is a directory. Check what it is, and its permissions.",
        ),
        (
            Request("present", machines=[machine()], path="/nowhere/x.csv"),
            "path: there is no directory /nowhere. Make it first.",
        ),
        (
            Request("present", machines=[machine()], path="/tmp"),
            "path: /tmp cannot be read: Is a directory. Check what it is, and its permissions.",
        ),
    ],
)
def test_paths(request_, said):
    for check_mode in (False,) if "no directory" in said else (True, False):
        with pytest.raises(NetworkError) as caught:
            run(request_, check_mode)
        assert str(caught.value) == said


def test_a_write_that_fails(path, monkeypatch):
    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(NetworkError) as caught:
        present(path, machine())
    assert str(caught.value) == (
        f"path: {path} cannot be written: No space left on device. Check the directory and its permissions."
    )


def test_what_was_there_is_shown_without_its_passwords():
    text = table(machine(), machine(2)).replace("bmc_password", "bmc_pasword")
    assert PASSWORD not in hidden(text, {})
    assert "bmc_pasword" in hidden(text, {})
    assert hidden(f"{HEAD}\r\na,{PASSWORD}\r\n\r\n", {}) == f"{HEAD}\r\n(not shown: the line cannot be read)\n\r\n"
    assert hidden(f"{PASSWORD},x\n{PASSWORD}", {}) == "\n".join(["(not shown: the line cannot be read)"] * 2)
    windows = table(machine(bmc_password='a,"b')).replace("\n", "\r\n")
    assert hidden(windows, {}) == table(machine(bmc_password="(hidden)")).replace("\n", "\r\n")


def test_no_password_is_not_hidden():
    assert hidden(table(machine(bmc_password="")), {"eksa-cp01": ""}) == table(machine(bmc_password=""))


def test_passwords_by_hostname():
    assert passwords(table(machine(), machine(2))) == {"eksa-cp01": f"{PASSWORD}1", "eksa-cp02": f"{PASSWORD}2"}
    assert passwords("x\n") == {}


def test_a_directory_that_is_still_to_be_made_is_no_problem_in_check_mode(tmp_path):
    result = present(tmp_path / "later" / "hardware.csv", machine(), check_mode=True)
    assert (result["changed"], result["diff"]["after"].count("\n")) == (True, 2)
    assert not (tmp_path / "later").exists()
