# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a Cluster is reconciled, and how long that is waited for."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import eksa_reconcile
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_wait import Clock
from ansible_collections.eks_anywhere.network.plugins.module_utils.eksa_cluster import PAUSED, Wanted
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.tests.unit.plugins import eksa_objects as objects

SKIPS = {"skipUpgrade": True}


def status(*conditions, generation=1, **more):
    return {
        "observedGeneration": generation,
        "reconciledGeneration": generation,
        "conditions": [*conditions],
        **more,
    }


@pytest.mark.parametrize(
    ("cilium", "given", "left"),
    [
        ({}, status(objects.READY, objects.CNI), ""),
        ({}, status(objects.READY), ""),
        (SKIPS, status(objects.READY, objects.SKIPPED), ""),
        ({}, status(objects.READY, objects.SKIPPED), "DefaultCNIConfigured=False"),
        (SKIPS, status(objects.READY, {**objects.SKIPPED, "reason": "ControlPlaneNotReady"}), "ControlPlaneNotReady"),
        ({}, status({**objects.READY, "status": "False", "message": "soon"}, objects.CNI), "Ready=False (soon)"),
        ({}, status(objects.CNI), "no condition Ready"),
        ({}, {}, "reconciledGeneration is absent, generation is 1"),
        ({}, status(objects.READY, generation=0), "reconciledGeneration is 0"),
        ({}, {**status(objects.READY), "observedGeneration": 0}, "observedGeneration is 0"),
        ({}, {"reconciledGeneration": 1, "conditions": [objects.READY]}, ""),
        ({}, status(objects.READY, failureMessage="no bundle"), "it failed: no bundle"),
    ],
)
def test_reconciled(cilium, given, left):
    found = eksa_reconcile.unreconciled(objects.eksa(cilium, status=given))
    assert bool(found) is bool(left)
    assert left in "; ".join(found)


class Controller:
    """A clock whose sleep lets EKS Anywhere's controller work after ``seconds``."""

    def __init__(self, api, seconds):
        self.api, self.seconds, self.now = api, seconds, 0.0
        self.clock = Clock(lambda: self.now, self.sleep)

    def sleep(self, seconds):
        self.now += seconds
        item = self.api.objects[objects.PATH]
        if self.now >= self.seconds and item["metadata"]["annotations"].get(PAUSED) != "true":
            item["status"] = status(objects.READY, objects.SKIPPED, generation=item["metadata"]["generation"])


@pytest.fixture
def controlled(api, cluster):
    """Return a function that serves a Cluster and changes it, its controller being slow."""

    def change(item, wanted, *, seconds=4, timeout=10, check_mode=False, machines=None):
        objects.serve(api, item, machines or objects.capi())
        controller = Controller(api, seconds)
        generation = item["metadata"]["generation"]
        said = []

        def count(method, path):
            if method == "PATCH" and path == objects.PATH:
                item["metadata"]["generation"] = generation + 1

        api.before = count
        target = eksa_reconcile.Target(cluster, clock=controller.clock)
        return eksa_reconcile.change(target, wanted, timeout, check_mode, said.append), controller, said

    return change


def patched(api):
    return [path for method, path, _query in api.requests if method == "PATCH"]


def test_a_change_is_waited_for_before_the_pause(api, controlled):
    item = objects.eksa()
    result, controller, _said = controlled(item, Wanted("true", paused=True))
    assert controller.now == 4
    assert patched(api) == [objects.PATH, objects.PATH, objects.CAPI]
    assert result["changed"] is True
    assert result["before"]["skip_upgrade"] == "absent"
    assert result["after"] == {
        "skip_upgrade": "true",
        "helm_values": None,
        "annotation": True,
        "paused": {"eks_anywhere": True, "cluster_api": True},
    }


def test_what_is_said_already_is_waited_for_too(api, controlled):
    item = objects.eksa(SKIPS, generation=2, status=status(objects.READY, objects.SKIPPED))
    result, controller, _said = controlled(item, Wanted("true"))
    assert (result["changed"], controller.now, patched(api)) == (False, 4, [])


def test_check_mode_neither_changes_nor_waits(api, controlled):
    result, controller, _said = controlled(objects.eksa(), Wanted("true", paused=True), check_mode=True)
    assert (controller.now, patched(api)) == (0, [])
    assert result["changed"] is True
    assert result["after"]["paused"] == {"eks_anywhere": True, "cluster_api": True}
    assert "skip_upgrade: 'true'" in result["diff"]["after"]


def test_not_in_time(controlled):
    with pytest.raises(NetworkError) as caught:
        controlled(objects.eksa(), Wanted("true"), seconds=99)
    said = str(caught.value)
    assert "not reconciled within 10 seconds: observedGeneration is 1, generation is 2" in said
    assert "Conditions: Ready=True; DefaultCNIConfigured=True" in said
    assert caught.value.result["conditions"] == [objects.READY, objects.CNI]


def test_without_waiting(controlled):
    _result, controller, _said = controlled(objects.eksa(), Wanted("true"), timeout=0, seconds=99)
    assert controller.now == 0


def test_a_paused_cluster_ends_the_wait_at_once(controlled):
    item = objects.eksa(annotations={PAUSED: "true"})
    with pytest.raises(NetworkError, match="wait: Cluster default/mgmt is paused, so EKS Anywhere does not reconcile"):
        controlled(item, Wanted("true"))


def test_a_paused_cluster_that_is_reconciled_is_no_error(controlled):
    item = objects.eksa(SKIPS, annotations={PAUSED: "true"}, status=status(objects.READY, objects.SKIPPED))
    assert controlled(item, Wanted("true"))[0]["changed"] is False


def test_the_annotation_alone_is_not_waited_for(controlled):
    item = objects.eksa(annotations=(), generation=2, status=status(objects.READY))
    _result, controller, _said = controlled(item, Wanted(annotation=True), seconds=99)
    assert controller.now == 0


def test_a_refusal_changes_nothing(api, controlled):
    with pytest.raises(NetworkError, match=r"from v0.15 on"):
        controlled(objects.eksa(version="v0.14.0"), Wanted("true"))
    assert patched(api) == []


def test_warnings_are_given(controlled):
    _result, _controller, said = controlled(objects.eksa(), Wanted(helm_values={"a": 1}), check_mode=True)
    assert len(said) == 1


def test_a_short_absence_of_the_api_server_is_waited_for(api, controlled):
    answers = iter([(503, {"message": "starting"})])

    def flaky(_query):
        patches = [request for request in api.requests if request[0] == "PATCH"]
        return next(answers, None) if patches else None

    api.answers[f"GET {objects.PATH}"] = flaky
    result, _controller, _said = controlled(objects.eksa(), Wanted("true"))
    assert result["after"]["skip_upgrade"] == "true"


def test_a_long_absence_is_not(api, controlled):
    def gone(_query):
        patches = [request for request in api.requests if request[0] == "PATCH"]
        return (503, {"message": "starting"}) if patches else None

    api.answers[f"GET {objects.PATH}"] = gone
    with pytest.raises(NetworkError, match="starting"):
        controlled(objects.eksa(), Wanted("true"), timeout=300)
