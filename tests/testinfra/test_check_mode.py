"""What --check said is what the real run then did."""

from __future__ import annotations

from typing import Any


def changes(account: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, result in account if result.get("changed")]


def fact(account: list[tuple[str, dict[str, Any]]], name: str) -> dict[str, Any]:
    found = [result["ansible_facts"][name] for _task, result in account if name in result.get("ansible_facts", {})]
    assert found, f"no fact {name}"
    last: dict[str, Any] = found[-1]
    return last


def test_the_same_tasks_change(account: Any) -> None:
    assert changes(account("check")) == changes(account("run"))


def test_the_same_difference_is_shown(account: Any) -> None:
    diffs = [
        [
            result["diff"]
            for _task, result in account(name)
            if "chart_version" in str(result.get("invocation")) and "diff" in result
        ][0]
        for name in ("check", "run")
    ]
    assert diffs[0] == diffs[1]


def test_the_same_result_is_foretold(account: Any) -> None:
    foretold, done = (fact(account(name), "cilium_result") for name in ("check", "run"))
    for key in ("action", "changed", "chart", "restarted", "support"):
        assert foretold[key] == done[key], key
    assert foretold["images"]["changes"] == done["images"]["changes"]
    assert foretold["values"] == done["values"]


def test_no_secret_is_shown(account: Any) -> None:
    shown = [str(result.get("diff", "")) + str(result.get("msg", "")) for _task, result in account("run")]
    assert not [text for text in shown if "-----BEGIN" in text]
