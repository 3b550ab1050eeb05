"""What --check said is what the real run then did. The scenario keeps both accounts, as Ansible's JSON."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def accounts(scenario):
    """(task, result) of every task of the run in check mode and of the real one."""

    def tasks(name):
        account = json.loads((scenario / f"{name}.json").read_text())
        listed = [task for play in account["plays"] for task in play["tasks"]]
        return [(task["task"]["name"], result) for task in listed for result in task["hosts"].values()]

    return tasks("check"), tasks("run")


def fact(tasks, name):
    return [result["ansible_facts"][name] for _task, result in tasks if name in result.get("ansible_facts", {})][-1]


def test_the_same_tasks_change(accounts):
    foretold, done = ([name for name, result in tasks if result.get("changed")] for tasks in accounts)
    assert foretold == done


def test_the_same_difference_is_shown(accounts):
    plans = [[result["diff"] for _task, result in tasks if "expected_images" in result] for tasks in accounts]
    assert plans[0]
    assert plans[0][0] == plans[1][0]


def test_the_same_result_is_foretold(accounts):
    foretold, done = (fact(tasks, "cilium_result") for tasks in accounts)
    for key in ("action", "changed", "chart", "restarted", "support", "values"):
        assert foretold[key] == done[key], key
    assert foretold["images"]["changes"] == done["images"]["changes"]


def test_no_secret_is_shown(accounts):
    shown = [str(result.get("diff", "")) + str(result.get("msg", "")) for tasks in accounts for _task, result in tasks]
    assert [text for text in shown if "-----BEGIN" in text or "PRIVATE KEY" in text] == []
