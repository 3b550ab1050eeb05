# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the state: agents that are asked, reads that are refused, policies and their hashes."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_state
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    Forbidden,
    NetworkError,
    Problem,
    Unreachable,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins import breakers
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_objects as objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import Objects
from hypothesis import given
from hypothesis import strategies as st


def answers(**parts):
    fine = {"cilium": {"state": "Ok"}, "kvstore": {"state": "Disabled"}, "cluster": {"ciliumHealth": {"state": "Ok"}}}
    return json.dumps({**fine, **parts}).encode()


def test_agents_are_asked(api, judge):
    content = Objects()
    controller = {"name": "sync", "status": {"consecutive-failure-count": 3, "last-failure-msg": "timeout"}}
    for number, answer in enumerate(
        (
            answers(),
            answers(kubernetes={"state": "Warning", "msg": "slow"}, controllers=[controller]),
            answers(cluster={"ciliumHealth": {"state": "Failure", "msg": "1 node unreachable"}}),
        )
    ):
        api.execs[f"cilium-{number}"] = lambda command, answer=answer: (answer, b"", {"status": "Success"})
    result = judge(content, agents=True)
    where = "cilium | Pod kube-system/cilium-"
    assert breakers.texts(result) == [
        where + "1 | controller sync failed 3 times in a row: timeout",
        where + "1 | kubernetes: Warning: slow",
        where + "2 | ciliumHealth: Failure: 1 node unreachable",
    ]
    assert sorted(result["cilium_status"]) == ["cilium-0", "cilium-1", "cilium-2"]
    assert result["cilium_endpoints"]["cilium-1"][0] == {
        "id": 7,
        "state": "ready",
        "namespace": "shop",
        "name": "web-0",
    }


def test_agents_that_cannot_be_asked(api, judge):
    def old_binary(command):
        if command[0] == "cilium":
            return b"", b"", {"status": "Failure", "message": 'exec: "cilium": executable file not found in $PATH'}
        return answers(), b"", {"status": "Success"}

    api.execs = {
        "cilium-0": old_binary,
        "cilium-1": lambda command: (b"", b"no socket", {"status": "Failure"}),
        "cilium-2": lambda command: (b"oops", b"", {"status": "Success"}),
    }
    result = judge(Objects(), agents=True)
    assert breakers.texts(result) == [
        "cilium | Pod kube-system/cilium-1 | cannot be asked: cilium status -o json failed: no socket",
        "cilium | Pod kube-system/cilium-2 | cannot be asked: its status is not JSON",
    ]
    assert result["collection_errors"] == [
        "cilium-1: cilium status -o json failed: no socket",
        "cilium-2: its status is not JSON",
    ]
    assert sorted(result["cilium_status"]) == ["cilium-0"]


def test_no_access_to_secrets_is_noted(api, judge):
    api.answers["GET /api/v1/namespaces/kube-system/secrets"] = (403, {"message": "secrets is forbidden"})
    content = Objects()
    content.daemon_set["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    result = judge(content)
    assert result["collection_errors"] == ["secrets is forbidden"]
    assert result["management"] == "helm"
    assert result["healthy"] is True
    assert "Not collected:      secrets is forbidden" in result["box"]


def test_all_missing_access_at_once(api, judge):
    for path in ("/api/v1/pods", "/api/v1/nodes"):
        api.answers[f"GET {path}"] = (403, {"message": f"{path} is forbidden"})
    with pytest.raises(Forbidden) as caught:
        judge(Objects())
    assert [problem.message for problem in caught.value.problems] == [
        "/api/v1/nodes is forbidden",
        "/api/v1/pods is forbidden",
    ]


def test_a_bug_in_reading_is_not_hidden(cluster):
    with pytest.raises(ZeroDivisionError):
        cilium_state._together({"a": lambda: 1 // 0, "b": lambda: 2})


def raising(kind, message):
    def read():
        raise kind(Problem("kubeconfig", message))

    return read


def test_a_lost_server_is_the_only_message():
    with pytest.raises(Unreachable) as caught:
        cilium_state._together({"a": raising(Forbidden, "forbidden"), "b": raising(Unreachable, "connection refused")})
    assert str(caught.value) == "kubeconfig: connection refused."


def test_failures_of_different_kinds_are_all_named():
    with pytest.raises(NetworkError) as caught:
        cilium_state._together({"a": raising(Forbidden, "forbidden"), "b": raising(NetworkError, "etcd failed")})
    assert caught.type is NetworkError
    assert len(caught.value.problems) == 2


@given(st.dictionaries(st.text(), st.integers()))
def test_policy_hash_depends_on_the_spec_alone(spec):
    def hashed(**more):
        return cilium_state.pick_policy("NetworkPolicy", {**objects.policy("a", spec), **more})["sha256"]

    assert hashed() == hashed(status={"x": 1})
    assert hashed() != hashed(spec={**spec, "another": None})
    reordered = dict(reversed(list(spec.items())))
    assert hashed() == hashed(spec=reordered)
