# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of Multus: what differs, who owns the DaemonSet, what stands against it."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere
from ansible_collections.eks_anywhere.network.plugins.module_utils.multus_plan import (
    Current,
    absent,
    holds,
    key_of,
    path_of,
    present,
)
from hypothesis import given
from hypothesis import strategies as st

DAEMON = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "kube-multus-ds", "namespace": "kube-system"},
    "spec": {
        "template": {
            "spec": {
                "containers": [{"name": "kube-multus", "image": "m:1", "resources": {"limits": {"memory": "512Mi"}}}],
                "volumes": [{"name": "cni", "hostPath": {"path": "/etc/cni/net.d"}}],
            }
        }
    },
}
CRD = {"kind": "CustomResourceDefinition", "metadata": {"name": "network-attachment-definitions.k8s.cni.cncf.io"}}
WANTED = (CRD, DAEMON)


def lives(*manifests, manager="eks_anywhere.network", **more):
    """A cluster that holds these, with what the API server adds."""
    live = {key_of(item): None for item in WANTED}
    for manifest in manifests:
        item = copy.deepcopy(manifest)
        item["metadata"] |= {
            "uid": "1",
            "managedFields": [
                {"manager": manager, "fieldsV1": {"f:spec": {}}},
                {"manager": "kube-controller-manager", "fieldsV1": {"f:status": {}}},
            ],
        }
        item["status"] = {"observedGeneration": 1}
        live[key_of(manifest)] = item
    return Current(live, **more)


def described(datacenter):
    return eks_anywhere.Answer(eks_anywhere.Described("c", "default", None, True, True, "", datacenter))


def test_nothing_there_is_an_install():
    found = present(lives(), WANTED, False)
    assert (found.action, found.plan.changed) == ("install", True)
    assert found.changes == tuple(sorted(map(key_of, WANTED)))


def test_everything_there_is_nothing_to_do():
    found = present(lives(*WANTED), WANTED, False)
    assert (found.action, found.changes, found.plan.changed, found.problems) == ("none", (), False, ())


@pytest.mark.parametrize(("manager", "action"), [("eks_anywhere.network", "upgrade"), ("kubectl", "replace")])
def test_a_daemonset_of_someone_else_is_replaced(manager, action):
    other = copy.deepcopy(DAEMON)
    other["spec"]["template"]["spec"]["volumes"].append({"name": "multus-cfg"})
    found = present(lives(CRD, other, manager=manager), WANTED, False)
    assert (found.action, found.changes) == (action, ("DaemonSet kube-system/kube-multus-ds",))


@pytest.mark.parametrize(
    ("added", "manager", "action"),
    [
        ({"nodeSelector": {"no": "node"}}, "kubectl", "replace"),
        ({"affinity": {}}, "kubectl", "replace"),
        ({"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler"}, "kubectl", "none"),
        ({"nodeSelector": {"no": "node"}}, "eks_anywhere.network", "upgrade"),
    ],
)
def test_what_someone_else_put_into_the_daemons_pods_is_a_difference(added, manager, action):
    other = copy.deepcopy(DAEMON)
    other["spec"]["template"]["spec"] |= added
    assert present(lives(CRD, other, manager=manager), WANTED, False).action == action


def test_another_object_that_differs_replaces_no_daemonset():
    found = present(lives(DAEMON, manager="kubectl"), WANTED, False)
    assert (found.action, found.changes) == ("upgrade", (key_of(CRD),))


@pytest.mark.parametrize(
    ("exclusive", "configure", "refused", "configures"),
    [
        ("true", False, True, False),
        ("true", True, False, True),
        ("false", False, False, False),
        ("", True, False, False),
    ],
)
def test_an_exclusive_cilium_stands_against_it(exclusive, configure, refused, configures):
    found = present(lives(*WANTED, exclusive=exclusive), WANTED, configure)
    assert [problem.path for problem in found.problems] == (["cilium-config cni-exclusive"] if refused else [])
    assert found.cilium_values == ({"cni": {"exclusive": False}} if configures else {})
    assert found.plan.changed is configures


PRIMARY = "/etc/cni/primary.d"


@pytest.mark.parametrize(
    ("lies", "wanted", "reason"),
    [
        ("/etc/cni/net.d", PRIMARY, "kubelet finds it there when Multus is away"),
        (PRIMARY, "/etc/cni/net.d", "kubelet would have no configuration without Multus"),
    ],
)
def test_ciliums_configuration_lies_where_it_is_wanted(lies, wanted, reason):
    current = lives(*WANTED, conf_dir=lies, exclusive="true")
    problem = present(current, WANTED, False, wanted).problems[1]
    assert reason in problem.message
    assert f"confPath: {wanted}" in problem.hint
    found = present(current, WANTED, True, wanted)
    assert (found.problems, found.cilium_values) == ((), {"cni": {"exclusive": False, "confPath": wanted}})
    assert found.plan.changed


@pytest.mark.parametrize("lies", ["", PRIMARY])
def test_where_it_lies_there_or_nowhere_nothing_stands_against_it(lies):
    assert present(lives(*WANTED, conf_dir=lies), WANTED, False, PRIMARY).problems == ()


def test_multus_does_not_go_before_kubelet_has_another_configuration():
    current = lives(*WANTED, conf_dir=PRIMARY)
    assert [problem.path for problem in absent(current, WANTED, False, False).problems] == [
        "DaemonSet cilium, its CNI configuration"
    ]
    found = absent(current, WANTED, False, False, configure_cilium=True)
    assert (found.problems, found.cilium_values) == ((), {"cni": {"confPath": "/etc/cni/net.d"}})
    assert absent(lives(conf_dir=PRIMARY), WANTED, False, False).problems == ()


@pytest.mark.parametrize(
    ("kind", "refused"),
    [("TinkerbellDatacenterConfig", False), ("VSphereDatacenterConfig", True), ("", False)],
)
def test_only_bare_metal_is_supported(kind, refused):
    found = present(lives(cluster=described(kind)), WANTED, False)
    assert bool(found.problems) is refused
    if refused:
        assert "(got datacenterRef.kind VSphereDatacenterConfig)" in str(found.problems[0])


def test_a_removal_keeps_the_networks():
    found = absent(lives(*WANTED), WANTED, False, False)
    assert (found.action, found.changes) == ("remove", (key_of(DAEMON),))
    assert absent(lives(*WANTED), WANTED, True, False).changes == tuple(sorted(map(key_of, WANTED)))
    assert absent(lives(CRD), WANTED, False, False).action == "none"


@pytest.mark.parametrize(("consent", "refused"), [(False, True), (True, False)])
def test_pods_with_networks_stand_against_a_removal(consent, refused):
    found = absent(lives(*WANTED, users={("a", "n"): ["a/pod"]}), WANTED, False, consent)
    assert [item.variable for item in found.plan.refusals] == (["multus_allow_in_use"] if refused else [])


def test_paths():
    assert path_of(DAEMON) == "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-multus-ds"
    assert path_of(CRD).endswith("/customresourcedefinitions/network-attachment-definitions.k8s.cni.cncf.io")


@pytest.mark.parametrize(
    ("live", "wanted", "same"),
    [("100m", 0.1, True), ("512Mi", "524288Ki", True), ("1Gi", "1000Mi", False), ("1", 1, True), ("50m", "x", False)],
)
def test_quantities_are_compared_by_what_they_mean(live, wanted, same):
    assert holds({"limits": {"memory": live}}, {"limits": {"memory": wanted}}) is same


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=1), JSON, max_size=3), st.data())
def test_what_is_added_does_not_count_and_what_is_changed_does(wanted, data):
    live = copy.deepcopy(wanted) | {"added": data.draw(JSON)}
    assert holds(live, wanted)
    if wanted:
        key = data.draw(st.sampled_from(sorted(wanted)))
        del live[key]
        assert not holds(live, wanted)
        live[key] = ["another", wanted[key]]
        assert not holds(live, wanted)
