"""The double of the machine health check judges by the time in the condition, and obeys one pause only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from ansible_collections.eks_anywhere.network.lab import health_check, settings

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def node(status, seconds):
    condition = SimpleNamespace(type="Ready", status=status, last_transition_time=NOW - timedelta(seconds=seconds))
    pressure = SimpleNamespace(type="DiskPressure", status="False", last_transition_time=NOW - timedelta(days=1))
    return SimpleNamespace(
        metadata=SimpleNamespace(name="w1"), status=SimpleNamespace(conditions=[pressure, condition])
    )


LATE = settings.UNHEALTHY_SECONDS + 1


@pytest.mark.parametrize(
    ("status", "seconds", "paused", "gone"),
    [
        ("True", LATE, False, False),
        ("False", LATE, False, True),
        ("Unknown", LATE, False, True),
        ("False", LATE - 2, False, False),
        ("False", LATE, True, False),
    ],
)
def test_who_is_replaced(status, seconds, paused, gone):
    assert health_check.replaced([node(status, seconds)], paused, NOW) == (["w1"] if gone else [])


class Objects:
    """Cluster API's Cluster."""

    def __init__(self, **spec):
        self.item = {"metadata": {"annotations": {"cluster.x-k8s.io/paused": "true"}}, "spec": spec}

    def get_namespaced_custom_object(self, *where):
        assert where == ("cluster.x-k8s.io", "v1beta1", "eksa-system", "clusters", "practice")
        return self.item


class Nodes:
    """The API of nodes, which keeps who was marked."""

    def __init__(self, *items):
        self.items, self.marked = items, []

    def list_node(self):
        return SimpleNamespace(items=self.items)

    def patch_node(self, name, body):
        assert list(body["metadata"]["annotations"]) == [health_check.REPLACED]
        self.marked.append(name)


def double(objects, nodes):
    found = health_check.HealthCheck.__new__(health_check.HealthCheck)
    found._objects, found._core = objects, nodes
    return found


def waiting(annotations=None):
    item = node("False", 0)
    item.metadata.annotations = annotations
    item.status.conditions[1].last_transition_time = datetime.now(UTC) - timedelta(seconds=LATE)
    return item


@pytest.mark.parametrize(("spec", "marked"), [({}, ["w1"]), ({"paused": False}, ["w1"]), ({"paused": True}, [])])
def test_the_annotation_is_no_pause_and_spec_paused_is(spec, marked):
    nodes = Nodes(waiting())
    double(Objects(**spec), nodes).step()
    assert nodes.marked == marked


def test_who_is_marked_is_not_marked_again():
    nodes = Nodes(waiting({health_check.REPLACED: "2026"}))
    double(Objects(), nodes).step()
    assert nodes.marked == []


def test_a_resumed_check_judges_at_once():
    objects, nodes = Objects(paused=True), Nodes(waiting())
    check = double(objects, nodes)
    check.step()
    objects.item["spec"]["paused"] = False
    check.step()
    assert nodes.marked == ["w1"]
