# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring pods: made once, waited for, asked together, removed; a namespace of someone else is never touched."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.probe_pods import LABEL, Probe

SPACE = "/api/v1/namespaces/probe"


def pod(name, phase="Running", started=True, **status):
    container = {"name": "prober", "started": started, **status.pop("container", {})}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "probe"},
        "spec": {"nodeName": "w1"},
        "status": {"phase": phase, "podIP": "10.0.0.1", "containerStatuses": [container], **status},
    }


class Api:
    """A cluster that notes what is asked of it. ``listed`` are the pods of each following list, the last for ever."""

    def __init__(self, namespace=None, listed=((),)):
        self.namespace = namespace
        self.listed = [list(pods) for pods in listed]
        self.asked = []

    def get(self, path):
        assert path == SPACE
        return self.namespace

    def list(self, path, metadata_only=False):
        if path.endswith("/services"):
            return [{"kind": "Service"}]
        return self.listed.pop(0) if len(self.listed) > 1 else self.listed[0]

    def create(self, path, body):
        self.asked.append(("create", path, body["metadata"]["name"]))
        return body

    def delete(self, path, query=None):
        self.asked.append(("delete", path, query))
        if path == SPACE:
            self.namespace = None
        return True

    def exec(self, namespace, name, container, command):
        return f"{namespace}/{name}/{container}: {' '.join(command)}"


@pytest.fixture
def probe_of():
    """Return a maker of probes whose time passes by sleeping only."""

    def make(api):
        time = [0.0]

        def sleep(seconds):
            time[0] += seconds

        return Probe(api, "probe", 10, sleep, lambda: time[0])

    return make


def ours():
    return {"metadata": {"name": "probe", "labels": {LABEL: ""}}}


def test_a_fresh_start_removes_pods_before_the_namespace(probe_of):
    api = Api(ours(), [[pod("old")], []])
    probe_of(api).fresh()
    assert api.asked == [
        ("delete", f"{SPACE}/pods", None),
        ("delete", SPACE, None),
        ("create", "/api/v1/namespaces", "probe"),
    ]


@pytest.mark.parametrize("act", ["fresh", "remove"])
def test_a_namespace_of_someone_else_is_never_touched(probe_of, act):
    api = Api({"metadata": {"name": "probe"}})
    with pytest.raises(NetworkError, match="the namespace probe exists and was not made by this role"):
        getattr(probe_of(api), act)()
    assert api.asked == []


def test_nothing_to_remove_is_no_error(probe_of):
    api = Api()
    assert probe_of(api).remove() is False
    assert api.asked == []


def test_pods_come_after_what_they_need(probe_of):
    api = Api()
    needs = {"kind": "ConfigMap", "metadata": {"name": "prober"}}
    probe_of(api).create([pod("a"), needs])
    assert [(path, name) for _verb, path, name in api.asked] == [
        (f"{SPACE}/configmaps", "prober"),
        (f"{SPACE}/pods", "a"),
    ]


def test_other_kinds_are_refused(probe_of):
    api = Api()
    with pytest.raises(NetworkError, match="objects: cannot create Secret"):
        probe_of(api).create([{"kind": "Secret", "metadata": {"name": "x"}}])
    assert api.asked == []


def test_it_waits_until_all_have_come(probe_of):
    api = Api(listed=[[pod("a")], [pod("a"), pod("b", started=False)], [pod("b"), pod("a")]])
    assert [item["metadata"]["name"] for item in probe_of(api).wait(["a", "b"], ["Running"])] == ["a", "b"]


def test_what_ends_is_waited_for_by_its_phase(probe_of):
    api = Api(listed=[[pod("a")], [pod("a", "Succeeded", started=False)]])
    (found,) = probe_of(api).wait(["a"], ["Succeeded", "Failed"])
    assert found["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "pod a: did not get as far as Running within 10 seconds: it is not there"),
        ([pod("a", podIP="")], "pod a on w1: did not get as far as Running within 10 seconds: Running"),
        (
            [pod("a", "Pending", False, container={"state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}})],
            "Pending: ErrImagePull: no",
        ),
        ([pod("a", "Failed", False, container={"state": {"terminated": {"exitCode": 3}}})], "Failed: exit code 3"),
        ([pod("a", started=False)], "the server it sends to does not answer"),
    ],
)
def test_what_does_not_come_is_named_with_its_reason(probe_of, found, said):
    with pytest.raises(NetworkError) as caught:
        probe_of(Api(listed=[found])).wait(["a"], ["Running"])
    assert said in str(caught.value)


def test_pods_that_do_not_end_are_an_error(probe_of):
    with pytest.raises(NetworkError, match="its pods do not end within 10 seconds"):
        probe_of(Api(ours(), [[pod("stuck")]])).remove()


def test_every_pod_is_asked_and_answers_in_order(probe_of):
    said = probe_of(Api()).run(["a", "b"], "prober", ["report", "--stop"])
    assert said == ["probe/a/prober: report --stop", "probe/b/prober: report --stop"]
