# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the role cilium works, and what it says and does when something fails. Its modules are stand-ins.

Each host of one run of Ansible is a story; all of them run at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from role_runs import failures, notes, play, stand_ins

GROUPS = {
    "eks_anywhere.network": {
        "cluster": ["cilium_info", "cilium_plan", "helm_release_rollback", "helm_release_unlock", "node_images"],
    },
    "kubernetes.core": {"helm": ["helm"], "k8s": ["k8s"]},
}
Answer = dict[str, Any]
FIRST = {"revision": 1, "chart_version": "1.17.6"}
SECOND = {"revision": 2, "chart_version": "1.17.6-0"}
NODES = [{"name": "w1", "ready": True}, {"name": "w2", "ready": False}]
SEEN: Answer = {"nodes": NODES[:1], "policies": [], "crds": [], "image_count": {}, "management": "helm"}
STOPPED: Answer = {"failed": True, "msg": "agent of w2 cannot start", "nodes": NODES}


def plan(action: str = "none", **more: Any) -> Answer:
    """An answer of cilium_plan."""
    chart = {"ref": None, "version": "1.17.6-0", "app_version": "1.17.6"}
    nothing = {"chart": None, "values": [], "config": [], "images": []}
    return {
        "changed": action != "none",
        "action": action,
        "values": {},
        "chart": None if action == "remove" else chart,
        "release": {**FIRST, "status": "deployed"},
        "unlock": None,
        "record": None,
        "goes_back_to": FIRST if action in ("upgrade", "repair", "rollback") else None,
        "target": FIRST if action == "rollback" else None,
        "changes": nothing,
        "refusals": [],
        "support": [],
        "images": [] if action in ("none", "remove") else ["agent:1"],
        "expected_images": {},
        "restart": [],
    } | more


AFTER = plan(release={**SECOND, "status": "deployed"})
BACK = plan(release={"revision": 3, "chart_version": "1.17.6", "status": "deployed"})
REFUSAL = {"key": "release", "before": "pending", "after": "repaired", "variable": "cilium_allow_repair"}
UNDO = {"cilium_rollback_on_failure": True}


@dataclass(frozen=True)
class Story:
    """The answers of the modules, in order, the variables of the role, and its entry point."""

    answers: dict[str, list[Answer]]
    variables: dict[str, Any]
    entry: str = "main"


STORIES = {
    "forward": Story({"cilium_plan": [plan("upgrade"), AFTER], "cilium_info": [SEEN]}, {}),
    "repaired": Story(
        {
            "cilium_plan": [plan("repair", unlock={"revision": 2, "status": "pending-upgrade", "since": ""}), AFTER],
            "cilium_info": [SEEN],
        },
        {},
    ),
    "unproven": Story({"cilium_plan": [plan(record={**FIRST, "proven": False})], "cilium_info": [SEEN]}, {}),
    "removed": Story(
        {
            "cilium_plan": [plan("remove", record={**FIRST, "proven": False}), plan(chart=None, release=None)],
            "cilium_info": [SEEN, SEEN | {"management": "absent"}],
        },
        {"cilium_state": "absent"},
    ),
    "offered": Story({"cilium_plan": [plan("upgrade")], "cilium_info": [SEEN, STOPPED]}, {}),
    "undone": Story(
        {"cilium_plan": [plan("upgrade"), plan("rollback"), BACK], "cilium_info": [SEEN, STOPPED, SEEN]}, UNDO
    ),
    "nothing_to_undo": Story(
        {
            "cilium_plan": [plan("upgrade"), plan(record={**FIRST, "proven": False})],
            "cilium_info": [SEEN],
            "helm": [{"failed": True, "msg": "the chart does not render"}],
        },
        UNDO,
    ),
    "stuck": Story(
        {
            "cilium_plan": [plan("upgrade"), plan("rollback"), plan()],
            "cilium_info": [SEEN, STOPPED, SEEN],
            "helm_release_rollback": [{"failed": True, "msg": "helm rollback ended with 1"}],
        },
        UNDO,
    ),
    "refused": Story(
        {"cilium_plan": [plan("upgrade"), plan("rollback", refusals=[REFUSAL])], "cilium_info": [SEEN, STOPPED]}, UNDO
    ),
    "first": Story(
        {"cilium_plan": [plan("install", release=None)], "cilium_info": [SEEN | {"nodes": []}, STOPPED]}, UNDO
    ),
    "not_begun": Story(
        {
            "cilium_plan": [plan("upgrade")],
            "cilium_info": [SEEN],
            "node_images": [{"failed": True, "msg": "w1 cannot pull agent:1"}],
        },
        UNDO,
    ),
    "back_failed": Story(
        {"cilium_plan": [plan("rollback"), plan()], "cilium_info": [SEEN, STOPPED, SEEN]}, UNDO, entry="rollback"
    ),
}


@dataclass(frozen=True)
class Told:
    """What became of a story: the message it failed with, and the modules that were asked, with their arguments."""

    said: str
    asked: list[tuple[str, dict[str, Any]]]

    @property
    def changes(self) -> list[str]:
        """Everything that changes something, in order, the record with what it says."""
        found = []
        for name, arguments in self.asked:
            if name == "k8s" and arguments.get("state") != "absent":
                data = arguments["definition"]["data"]
                found.append(f"record {data['revision']} proven={data['proven']}")
            elif name not in ("cilium_plan", "cilium_info"):
                found.append(name)
        return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """Every story, told once."""
    folder = tmp_path_factory.mktemp("stories")
    stand_ins(folder, GROUPS, ["cilium"])
    (folder / "notes").mkdir()
    shared = {"ansible_connection": "local", "cilium_kubeconfig": "/nowhere", "notes": str(folder / "notes")}
    hosts = {name: {"answers": story.answers, **story.variables} for name, story in STORIES.items()}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}))
    plays = [
        {
            "hosts": [name for name, story in STORIES.items() if story.entry == entry],
            "gather_facts": False,
            "tasks": [{"ansible.builtin.include_role": {"name": "eks_anywhere.network.cilium", "tasks_from": entry}}],
        }
        for entry in ("main", "rollback")
    ]
    account = play(folder, plays)
    failed = [name for name, stats in account["stats"].items() if stats["failures"]]
    said = {name: text for name, text in failures(account).items() if name in failed}
    return {name: Told(said.get(name, ""), notes(folder / "notes" / name)) for name in STORIES}


BEGIN = ["node_images", "record 1 proven=false"]
OFFER = "ansible-playbook eks_anywhere.network.cilium_rollback"


def test_images_come_first_and_the_record_is_proven_last(told):
    assert told["forward"].changes == [*BEGIN, "helm", "record 1 proven=true"]
    assert told["forward"].said == ""


def test_a_release_is_unlocked_before_helm_works(told):
    assert told["repaired"].changes == [*BEGIN, "helm_release_unlock", "helm", "record 1 proven=true"]
    assert dict(told["repaired"].asked)["helm_release_unlock"]["revision"] == 2


def test_what_was_never_proven_is_proven_without_a_change(told):
    assert told["unproven"].changes == ["record 1 proven=true"]
    assert told["unproven"].said == ""


def test_a_removal_leaves_no_record(told):
    assert told["removed"].changes == ["helm", "k8s"]
    assert told["removed"].said == ""


def test_a_failure_names_the_node_the_cause_and_the_way_back(told):
    assert told["offered"].changes == [*BEGIN, "helm"]
    assert told["offered"].said.splitlines() == [
        "The agent is not ready on w2.",
        "agent of w2 cannot start",
        f"Remove the cause and run this again, or go back to revision 1 (chart 1.17.6): {OFFER}",
    ]


def test_with_consent_a_failure_goes_back_proves_it_and_still_fails(told):
    back = [*BEGIN, "helm_release_rollback", "record 1 proven=true"]
    assert told["undone"].changes == [*BEGIN, "helm", *back]
    plans = [arguments.get("rollback_to") for name, arguments in told["undone"].asked if name == "cilium_plan"]
    assert plans == [None, "recorded", "recorded"]
    assert told["undone"].said.splitlines() == [
        "The agent is not ready on w2.",
        "agent of w2 cannot start",
        "It went back to revision 1 (chart 1.17.6) and proved it: what that was runs as revision 3.",
    ]


def test_a_failure_before_helm_changed_anything_has_nothing_to_undo(told):
    assert told["nothing_to_undo"].changes == [*BEGIN, "helm", "record 1 proven=true"]
    assert told["nothing_to_undo"].said.splitlines() == [
        "the chart does not render",
        "There was nothing to undo: revision 1 (chart 1.17.6) runs, and was proven.",
    ]


@pytest.mark.parametrize(("story", "why"), [("stuck", "helm rollback ended"), ("refused", "cilium_allow_repair")])
def test_where_going_back_fails_too_both_causes_are_said(told, story, why):
    said = told[story].said
    assert "agent of w2 cannot start\nGoing back to revision 1 (chart 1.17.6) failed too: " in said
    assert why in said
    assert OFFER in said


def test_a_first_install_has_nothing_to_go_back_to(told):
    assert told["first"].changes == ["node_images", "helm"]
    assert "There is no earlier revision to go back to." in told["first"].said


def test_nothing_is_undone_before_anything_was_done(told):
    assert told["not_begun"].changes == ["node_images"]
    assert told["not_begun"].said.startswith("w1 cannot pull agent:1\nNothing of Cilium was changed.")


def test_going_back_that_fails_does_not_go_back_again(told):
    assert told["back_failed"].changes == [*BEGIN, "helm_release_rollback"]
    assert told["back_failed"].said.splitlines() == ["The agent is not ready on w2.", "agent of w2 cannot start"]
