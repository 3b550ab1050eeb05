# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors: their text, their order, and the one way out of a module."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    LibraryMissing,
    NetworkError,
    Problem,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run


def test_text_says_where_what_and_what_to_do():
    assert str(Problem("images[2]", "is no image (got x)", "Name one")) == "images[2]: is no image (got x). Name one."
    assert str(Problem("a", "b.", "c.")) == "a: b. c."
    assert str(Problem("a", "b")) == "a: b."


def test_problems_are_sorted_and_unique():
    error = NetworkError([Problem("b", "x"), Problem("a", "y"), Problem("b", "x")])
    assert [problem.path for problem in error.problems] == ["a", "b"]
    assert str(error) == "a: y.\nb: x."
    assert NetworkError(Problem("a", "b")).problems == (Problem("a", "b"),)


def outcome(capsys, fn):
    with patch_module_args({}):
        module = basic.AnsibleModule(argument_spec={})
        with pytest.raises(SystemExit) as caught:
            run(module, fn)
    return caught.value.code, json.loads(capsys.readouterr().out)


def test_run_returns_the_result(capsys):
    code, result = outcome(capsys, lambda: {"changed": True, "x": 1})
    assert code == 0
    assert (result["changed"], result["x"]) == (True, 1)


def test_run_fails_with_all_problems_and_the_partial_result(capsys):
    def fail():
        raise NetworkError([Problem("b", "x", "do"), Problem("a", "y")], {"healthy": False, "errors": {"c": 1}})

    code, result = outcome(capsys, fail)
    assert code == 1
    assert result["failed"] is True
    assert result["msg"] == "a: y.\nb: x. do."
    assert result["healthy"] is False
    assert result["errors"] == [
        {"path": "a", "message": "y", "hint": ""},
        {"path": "b", "message": "x", "hint": "do"},
    ]


def test_run_names_a_missing_library(capsys):
    def fail():
        raise LibraryMissing("kubernetes", "Traceback: no module")

    code, result = outcome(capsys, fail)
    assert code == 1
    assert "Failed to import the required Python library (kubernetes)" in result["msg"]
