# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs of the node."""

from __future__ import annotations

import time

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import node_programs
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_programs import Answer, answer_of, find, run
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import program


def test_what_it_prints(tmp_path):
    path = program(tmp_path, "echo-all", 'read word; echo "$word $LC_ALL $MORE $1"; pwd')
    assert run([str(path), "one"], 5, "in", {"MORE": "more"}) == Answer("in C more one\n/\n", "")


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo no such device >&2; echo more >&2; exit 2", "no such device"),
        ("echo said aloud; exit 1", "said aloud"),
        ("exit 3", "exit code 3"),
    ],
)
def test_a_failure_says_why(tmp_path, script, error):
    assert run([str(program(tmp_path, "fails", script))], 5).error == error


def test_a_program_that_cannot_be_started_is_an_answer(tmp_path):
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    assert run([str(tmp_path / "text")], 5) == Answer("", "exec format error")
    assert run([str(tmp_path / "none")], 5) == Answer("", "no such file or directory")


@pytest.mark.parametrize("script", ["sleep 60", "sleep 60 & exit 0", "(sleep 60; echo late) & wait"])
def test_nothing_is_waited_for_longer_than_the_limit(tmp_path, script):
    """Also not a child that keeps the output open after the program itself has ended."""
    started = time.monotonic()
    assert run([str(program(tmp_path, "hangs", script))], 0.2) == Answer("", "no answer within 0.2 seconds")
    assert time.monotonic() - started < 5


def test_what_hangs_is_killed_with_its_children(tmp_path):
    mark = tmp_path / "mark"
    run([str(program(tmp_path, "hangs", f"(sleep 1; echo alive > {mark}) & wait"))], 0.2)
    time.sleep(1.3)
    assert not mark.exists()


def test_output_that_is_not_text_is_no_failure(tmp_path):
    assert run([str(program(tmp_path, "odd", r"printf '\377'"))], 5).output == "\ufffd"


def test_programs_of_root_are_found_without_its_path(tmp_path, monkeypatch):
    path = program(tmp_path / "sbin", "a-tool", "echo yes")
    monkeypatch.setenv("PATH", "/usr/bin")
    assert find("a-tool") is None
    monkeypatch.setattr(node_programs, "FOLDERS", (str(tmp_path / "sbin"),))
    assert find("a-tool") == str(path)


def test_an_optional_program(tmp_path, monkeypatch):
    program(tmp_path, "a-tool", 'echo "$*"; exit 1')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert answer_of("a-tool", ["a", "b"], 5) == "a b\n"
    assert answer_of("no-tool", [], 5) is None
