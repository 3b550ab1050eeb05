# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines in a management cluster: only what differs is changed, and what Tinkerbell wrote stays."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_apply import (
    Live,
    covers,
    needs,
    path_of,
    plan,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_hardware import render
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import checked, machine, nic

OWNER = "v1alpha1.tinkerbell.org/ownerName"


def wanted(**columns):
    (found,) = checked(machine(**columns))
    return render(found, "eksa-system")


def live(objects, **labels):
    found = copy.deepcopy(objects)
    found[0]["metadata"]["labels"] |= labels
    return Live({path_of(one): one for one in found})


def by_action(steps):
    return {step.path.split("/")[-2]: step.action for step in steps}


def test_paths():
    assert [path_of(one) for one in wanted()] == [
        "/apis/tinkerbell.org/v1alpha1/namespaces/eksa-system/hardware/eksa-worker01",
        "/apis/bmc.tinkerbell.org/v1alpha1/namespaces/eksa-system/machines/bmc-eksa-worker01",
        "/api/v1/namespaces/eksa-system/secrets/bmc-eksa-worker01-auth",
    ]


def test_creates_what_is_missing():
    steps = plan(wanted(), Live({}))
    assert by_action(steps) == {"hardware": "create", "machines": "create", "secrets": "create"}
    assert needs(steps) == [
        ("create", "", "secrets", "eksa-system"),
        ("create", "bmc.tinkerbell.org", "machines", "eksa-system"),
        ("create", "tinkerbell.org", "hardware", "eksa-system"),
    ]
    assert steps[2].after["data"] == {"username": "(hidden)", "password": "(hidden)"}
    assert steps[2].body["data"] == wanted()[2]["data"]


def test_equal_is_no_change():
    steps = plan(wanted(), live(wanted()))
    assert set(by_action(steps).values()) == {"none"}
    assert needs(steps) == []


def test_what_tinkerbell_wrote_stays():
    there = copy.deepcopy(wanted())
    spec = there[0]["spec"]
    spec["userData"] = "#cloud-config"
    spec["metadata"]["state"] = "in_use"
    for interface in spec["interfaces"]:
        interface["netboot"] = {"allowPXE": False, "allowWorkflow": True}
        interface["disableDhcp"] = False
    found = live(there, **{OWNER: "w-1", "v1alpha1.tinkerbell.org/ownerNamespace": "eksa-system"})
    assert found.provisioned == {"eksa-worker01"}
    assert set(by_action(plan(wanted(), found)).values()) == {"none"}
    (step, *_rest) = plan(wanted(interfaces=[nic(1), nic(1, 2)]), found)
    assert step.action == "update"
    first, second, third = step.body["spec"]["interfaces"]
    assert first["netboot"] == second["netboot"] == {"allowPXE": False, "allowWorkflow": True}
    assert first["disableDhcp"] is False
    assert third["netboot"] == {"allowPXE": False, "allowWorkflow": False}
    assert "userData" not in step.body["spec"]
    assert set(step.body["metadata"]["labels"]) == {"type"}


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"disk": "/dev/sdb"}, "disks"),
        ({"mac": "cc:48:3a:00:00:99"}, "metadata.instance.id"),
        ({"ip_address": "10.10.50.99"}, "metadata.instance.ips"),
    ],
)
def test_a_provisioned_machine_stays_the_same_machine(columns, field):
    with pytest.raises(NetworkError) as caught:
        plan(wanted(**columns), live(wanted(), **{OWNER: "w-1"}))
    assert str(caught.value) == (
        f"Hardware eksa-worker01 spec.{field}: the machine is provisioned, and this would make another one of it. "
        "Remove it from its cluster first, or leave it as it is."
    )
    assert by_action(plan(wanted(**columns), live(wanted())))["hardware"] == "update"


def test_labels_of_the_past_go_from_free_machines():
    foreign = {"cluster.x-k8s.io/x": "y", "v1alpha1.tinkerbell.org/a": "b"}
    (step, *_rest) = plan(wanted(), live(wanted(), rack="7", **foreign))
    assert (step.action, step.body["metadata"]["labels"]) == ("update", {"type": "worker", "rack": None})
    (step, *_rest) = plan(wanted(), live(wanted(), rack="7", **{OWNER: "w-1"}))
    assert step.action == "none"


def test_a_password_that_changes_is_hidden():
    steps = plan(wanted(bmc_password="another-Pass"), live(wanted()))
    assert by_action(steps) == {"hardware": "none", "machines": "none", "secrets": "update"}
    shown = json.dumps([steps[2].before, steps[2].after])
    assert "(hidden, changed)" in shown
    assert steps[2].before["data"] == {"username": "(hidden)", "password": "(hidden)"}
    assert all(
        value not in shown
        for one in (wanted(), wanted(bmc_password="another-Pass"))
        for value in one[2]["data"].values()
    )


@pytest.mark.parametrize(
    ("have", "want", "answer"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": 1}, False),
        ({"a": None}, {"a": None}, False),
        ({}, {"a": None}, True),
        ([1, 2], [1], False),
        ([{"a": 1, "b": 2}], [{"a": 1}], True),
        (None, {"a": 1}, False),
        (None, [], True),
        ({"a": True}, {"a": 1}, False),
    ],
)
def test_covers(have, want, answer):
    assert covers(have, want) is answer
