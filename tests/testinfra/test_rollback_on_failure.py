"""With cilium_rollback_on_failure a change that breaks a node undoes itself, and fails all the same."""

from __future__ import annotations

import pytest
from plays import play
from test_rollback import BROKEN_CHANGE


@pytest.fixture(scope="module")
def undone(lab, project, agents):
    """What ran before, the run, and what runs after it."""
    start = agents()
    return start, play(project, "cilium", BROKEN_CHANGE | {"cilium_rollback_on_failure": True}), agents()


def test_every_agent_is_what_it_was(undone):
    start, _done, seen = undone
    assert seen == start
    assert all(ready for _image, ready in seen.values())


def test_the_play_fails_and_says_why_and_that_it_went_back(undone, before):
    _start, done, _seen = undone
    assert done.code != 0
    said = done.failures[-1]
    assert "cannot start" in said
    assert f"It went back to revision {before['revision']} (chart 1.17.6) and proved it" in said


@pytest.mark.usefixtures("undone")
def test_the_release_says_so_too(helm, read, before):
    newest = helm("history", "cilium")[-1]
    assert (newest["revision"], newest["status"], newest["chart"]) == (3, "deployed", "cilium-1.17.6")
    assert helm("get", "values", "cilium") == before["values"]
    assert read("configmap", "eks-anywhere-network-cilium", "-n", "kube-system")["data"]["proven"] == "true"
