# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison with the cluster: what counts as a difference, who else manages a part, who uses a network."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_plan import (
    Change,
    Live,
    change,
    check_pods,
    check_use,
    pick,
    plan,
    pruned,
    removal,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.pod_networks import PodNetworks
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    MACVLAN,
    edit,
    network,
    texts,
    wanted,
)

OWNED = {"app.kubernetes.io/managed-by": "eks_anywhere.network"}
OURS = ("label", "app.kubernetes.io/managed-by"), ("config", "")


def live(config=..., labels=None, annotations=None, ours=OURS, others=None):
    """Return a network of the cluster, made here; ``others`` are managers by kind."""
    keys = {"label": ("label", "team"), "annotation": ("annotation", "note"), "config": ("config", "")}
    config = MACVLAN if config is ... else config
    text = config if isinstance(config, str) else json.dumps(config)
    return Live(
        "default",
        "net",
        text,
        {**OWNED, **(labels or {})},
        annotations or {},
        frozenset(ours),
        {keys[kind]: tuple(managers) for kind, managers in (others or {}).items()},
    )


def judge(current, annotation=None, **more):
    report = Report()
    (attachment,) = wanted(network(**more))
    return change(attachment, annotation, current, report), texts(report)[0]


def field(entry, name, operation="Apply"):
    return {"manager": name, "operation": operation, "fieldsV1": entry}


def test_an_object_is_read_with_its_managers():
    labels = {"f:metadata": {"f:labels": {".": {}, "f:team": {}}, "f:annotations": {"f:note": {}}}}
    found = pick(
        {
            "metadata": {
                "namespace": "a",
                "name": "b",
                "labels": {"team": "x"},
                "managedFields": [
                    field({"f:spec": {"f:config": {}}, **labels}, "eks_anywhere.network"),
                    field({"f:spec": {"f:config": {}}}, "kubectl-client-side-apply", "Update"),
                    field({"f:metadata": {"f:labels": {"f:team": {}}}}, "eks_anywhere.network", "Update"),
                    {"manager": "x", "operation": "Update"},
                ],
            },
            "spec": {"config": "{}"},
        }
    )
    assert found == Live(
        "a",
        "b",
        "{}",
        {"team": "x"},
        {},
        frozenset({("label", "team"), ("annotation", "note"), ("config", "")}),
        {("config", ""): ("kubectl-client-side-apply",), ("label", "team"): ("eks_anywhere.network",)},
    )
    assert not found.owned
    assert pick({"metadata": {"namespace": "a", "name": "b"}}).config == ""


def test_a_network_that_is_not_there_is_created():
    found, errors = judge(None, labels={"team": "a"}, annotations={"note": "b"}, namespace="other")
    assert (found.action, found.path, errors) == ("create", "attachments[0]", [])
    assert found.body == {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {
            "name": "net",
            "namespace": "other",
            "labels": {"team": "a", **OWNED},
            "annotations": {"note": "b"},
        },
        "spec": {"config": json.dumps(MACVLAN, indent=2)},
    }
    assert found.before == {}
    assert found.after == {"labels": {"team": "a", **OWNED}, "annotations": {"note": "b"}, "config": MACVLAN}


@pytest.mark.parametrize(
    "config",
    [MACVLAN, dict(reversed(MACVLAN.items())), json.dumps(MACVLAN), json.dumps(MACVLAN, indent=7, sort_keys=True)],
)
def test_order_spaces_and_form_are_no_difference(config):
    assert judge(live(json.dumps(MACVLAN, separators=(",", ":"))), config=config) == (
        Change("attachments[0]", "default", "net", "none"),
        [],
    )


def test_labels_and_annotations_of_others_are_no_difference():
    assert judge(live(labels={"theirs": "x"}, annotations={"theirs": "x"}))[0].action == "none"


@pytest.mark.parametrize(
    ("current", "more", "before", "after"),
    [
        (
            live(),
            {"config": edit(MACVLAN, "mtu", 1400)},
            {"config": MACVLAN},
            {"config": {**MACVLAN, "mtu": 1400}},
        ),
        (live("{"), {}, {"config": "{"}, {"config": MACVLAN}),
        (live(""), {}, {}, {"config": MACVLAN}),
        (live(), {"labels": {"team": "a"}}, {}, {"labels": {"team": "a"}}),
        (
            live(labels={"team": "b"}),
            {"labels": {"team": "a"}},
            {"labels": {"team": "b"}},
            {"labels": {"team": "a"}},
        ),
        (live(labels={"team": "b"}, ours=(("label", "team"),)), {}, {"labels": {"team": "b"}}, {}),
        (live(annotations={"note": "b"}, ours=(("annotation", "note"),)), {}, {"annotations": {"note": "b"}}, {}),
        (
            live(),
            {"resource_name": "intel.com/vf"},
            {},
            {"annotations": {"k8s.v1.cni.cncf.io/resourceName": "intel.com/vf"}},
        ),
        (
            live(),
            {"node_selector": {"zone": "a"}},
            {},
            {"annotations": {"k8s.v1.cni.cncf.io/nodeSelector": "zone=a"}},
        ),
        (Live("default", "net", json.dumps(MACVLAN)), {}, {}, {"labels": OWNED}),
    ],
)
def test_what_is_a_difference(current, more, before, after):
    found, errors = judge(current, **more)
    assert (found.action, found.before, found.after, errors) == ("update", before, after, [])


def test_what_means_the_same_is_sent_as_it_stands():
    text = json.dumps(MACVLAN, indent=7)
    found, errors = judge(live(text, others={"config": ["kubectl"]}), labels={"team": "a"})
    assert found.body["spec"]["config"] == text
    assert errors == []


def test_a_split_network_has_no_configuration():
    found, _errors = judge(live(), '{"w1": 0}', ipam_per_node=True)
    assert found.body["spec"] == {}
    assert found.body["metadata"]["annotations"] == {"eks-anywhere-network/node-ranges": '{"w1": 0}'}
    assert (found.before, found.after) == (
        {"config": MACVLAN},
        {"annotations": {"eks-anywhere-network/node-ranges": '{"w1": 0}'}},
    )
    current = live("", annotations={"eks-anywhere-network/node-ranges": '{"w1": 0}'})
    assert judge(current, '{"w1": 0}', ipam_per_node=True)[0].action == "none"


@pytest.mark.parametrize(
    ("current", "more", "error"),
    [
        (
            live(others={"config": ["kubectl-client-side-apply", "helm"]}),
            {"config": edit(MACVLAN, "mtu", 9)},
            "attachments[0].config: another manager keeps it for default/net: helm, kubectl-client-side-apply.",
        ),
        (
            live(labels={"team": "b"}, others={"label": ["helm"]}),
            {"labels": {"team": "a"}},
            "attachments[0].labels[team]: another manager keeps it for default/net: helm.",
        ),
        (
            live(annotations={"note": "b"}, others={"annotation": ["helm"]}),
            {"annotations": {"note": "a"}},
            "attachments[0].annotations[note]: another manager keeps it for default/net: helm.",
        ),
    ],
)
def test_what_another_manager_keeps_is_not_taken(current, more, error):
    assert judge(current, **more)[1] == [f"{error} Change it there, or delete the network there and run this again."]


def test_a_configuration_of_another_manager_does_not_go_away():
    assert len(judge(live(others={"config": ["kubectl"]}), "{}", ipam_per_node=True)[1]) == 1


def test_what_another_manager_has_too_stays():
    shared = live(labels={"team": "b"}, ours=(("label", "team"),), others={"label": ["helm"]})
    assert judge(shared) == (Change("attachments[0]", "default", "net", "none"), [])


def test_secrets_are_hidden():
    old, new = (edit(MACVLAN, "args", {"cni": {"token": text}}) for text in ("a", "b"))
    found, _errors = judge(live(old), config=new)
    assert "(hidden, changed)" in str(found.after)
    assert found.before["config"]["args"] == {"cni": {"token": "(hidden)"}}


def test_prune_takes_only_what_was_made_here():
    lives = [live(), Live("default", "foreign"), Live("default", "kept", labels=OWNED)]
    found = pruned(lives, [("default", "kept")])
    assert [(item.path, item.title, item.action) for item in found] == [("prune", "default/net", "delete")]
    assert found[0].before == {"labels": OWNED, "config": MACVLAN}


POD = PodNetworks("apps/p", frozenset({("default", "net")}), frozenset())
HAS = PodNetworks("apps/q", frozenset(), frozenset({("default", "net")}))
HINT = "Delete the pods first, or set allow_in_use: true (in role multus: multus_allow_in_use)."


def use(item, *pods, allowed=False, current=None):
    report = Report()
    there = current or live()
    check_use([item], {there.key: there}, pods, allowed, report)
    return texts(report)


def test_a_network_in_use_is_not_removed():
    item = removal("prune", live())
    assert use(item, POD, HAS) == ([f"prune: running pods use default/net: apps/p, apps/q. {HINT}"], [])
    assert use(item, POD, allowed=True) == ([], ["prune: running pods use default/net: apps/p. Restart the pods."])
    assert use(item) == ([], [])


def test_a_network_in_use_gets_no_other_name():
    item = judge(live(), config={**MACVLAN, "name": "other"})[0]
    message = "attachments[0].config.name: running pods use default/net: apps/p. It would be renamed from net to other."
    assert use(item, POD) == ([f"{message} {HINT}"], [])
    assert use(item, POD, allowed=True) == ([], [f"{message} Restart the pods."])
    assert use(judge(live(), config={**MACVLAN, "name": "net"})[0], POD)[0] == []


def test_pods_keep_what_they_have():
    item = judge(live(), config=edit(MACVLAN, "mtu", 1400))[0]
    assert use(item, POD) == (
        [],
        ["attachments[0].config: pods keep what they have until they start anew: apps/p. Restart them."],
    )
    assert use(judge(live(), labels={"a": "b"})[0], POD) == ([], [])
    assert use(Change("attachments[0]", "default", "net", "none"), POD) == ([], [])


def test_pods_that_ask_for_what_is_not_there():
    report = Report()
    check_pods([POD, PodNetworks("apps/q", frozenset(), frozenset({("x", "y")}), "networks: bad")], [], report)
    assert texts(report) == (
        [],
        [
            "pod apps/p: it asks for the network default/net, which is not there. Add the network, or correct the "
            "pod's annotation.",
            "pod apps/q: its annotation cannot be read: networks: bad. Correct the pod's template.",
        ],
    )
    check_pods([POD], [("default", "net")], report)
    assert len(report.warnings) == 2


def test_the_plan_shows_what_changes():
    found = plan(
        [
            Change("a", "n", "same", "none"),
            Change("b", "n", "new", "create", {}, {}, {"config": {"mtu": 1}}),
            Change("c", "n", "old", "delete", {}, {"config": {"mtu": 2}}),
        ]
    )
    assert found.steps == ("create n/new", "delete n/old")
    assert found.diff() == {
        "before": "n/old:\n  config:\n    mtu: 2\n",
        "after": "n/new:\n  config:\n    mtu: 1\n",
    }
    assert not plan([Change("a", "n", "same", "none")]).changed
