# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be patched, in which order, and what EKS Anywhere would refuse."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere, eksa_cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.eksa_cluster import OURS, PAUSED, Wanted
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.tests.unit.plugins import eksa_objects as objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_api import _merge
from hypothesis import given
from hypothesis import strategies as st


def steps(item, wanted, machines=None):
    return eksa_cluster.plan(objects.found(item, machines), wanted)[1]


def carried_out(item, machines, wanted):
    """Both objects after the steps."""
    item, machines = copy.deepcopy(item), copy.deepcopy(machines)
    for _what, path, body in steps(item, wanted, machines):
        _merge(machines if path == objects.CAPI else item, copy.deepcopy(body))
    return item, machines


@pytest.mark.parametrize("wanted", ["true", "false", "absent"])
@pytest.mark.parametrize("there", [{}, {"skipUpgrade": True}, {"skipUpgrade": False}])
def test_skip_upgrade_of_all_three(there, wanted):
    item, _machines = carried_out(objects.eksa(there), None, Wanted(skip_upgrade=wanted))
    cilium = item["spec"]["clusterNetwork"]["cniConfig"]["cilium"]
    assert cilium == {"true": {"skipUpgrade": True}, "false": {"skipUpgrade": False}, "absent": {}}[wanted]
    assert steps(item, Wanted(skip_upgrade=wanted)) == ()


TREES = st.recursive(
    st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
VALUES = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


@given(VALUES, VALUES)
def test_helm_values_become_what_is_wanted_and_nothing_else(old, new):
    item, _machines = carried_out(objects.eksa({"helmValues": old}), None, Wanted(helm_values=new))
    assert item["spec"]["clusterNetwork"]["cniConfig"]["cilium"]["helmValues"] == new
    assert steps(item, Wanted(helm_values=new)) == ()


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_the_annotation(there, wanted):
    item = objects.eksa(annotations=(eks_anywhere.ANNOTATION,) if there else ())
    item, _machines = carried_out(item, None, Wanted(annotation=wanted))
    assert (eks_anywhere.ANNOTATION in item["metadata"]["annotations"]) is wanted


def test_a_pause_is_both():
    item, machines = carried_out(objects.eksa(), objects.capi(), Wanted(paused=True))
    assert item["metadata"]["annotations"][PAUSED] == "true"
    assert machines["spec"]["paused"] is True
    assert objects.found(item, machines).pauses == {"eks_anywhere": True, "cluster_api": True}


def test_the_order_of_pausing_and_resuming():
    paused = [what for what, _path, _body in steps(objects.eksa(), Wanted(paused=True), objects.capi())]
    assert paused == ["pause EKS Anywhere", "pause Cluster API"]
    item, machines = carried_out(objects.eksa(), objects.capi(), Wanted(paused=True))
    resumed = [what for what, _path, _body in steps(item, Wanted(paused=False), machines)]
    assert resumed == ["resume Cluster API", "resume EKS Anywhere"]


@pytest.mark.parametrize("theirs", [None, False, True])
@pytest.mark.parametrize("annotated", [True, False])
def test_resuming_leaves_what_was_found_before(theirs, annotated):
    before = objects.eksa(annotations={eks_anywhere.ANNOTATION: "", **({PAUSED: "true"} if annotated else {})})
    machines = objects.capi(paused=theirs)
    paused = carried_out(before, machines, Wanted(paused=True))
    assert objects.found(*paused).pauses == {"eks_anywhere": True, "cluster_api": True}
    again = carried_out(*paused, Wanted(paused=True))
    after = carried_out(*again, Wanted(paused=False))
    assert after[0] == before
    assert objects.found(*after).pauses == objects.found(before, machines).pauses
    assert OURS not in after[1]["metadata"]["annotations"]


def test_an_annotation_with_another_value_is_no_pause():
    item = objects.eksa(annotations={PAUSED: "yes"})
    assert objects.found(item, objects.capi()).pauses["eks_anywhere"] is False


def test_the_order_of_everything():
    item, machines = carried_out(objects.eksa(annotations=()), objects.capi(), Wanted(paused=True))
    first = steps(item, Wanted("true", None, True, False), machines)
    assert [what for what, _path, _body in first] == [
        "resume Cluster API", "resume EKS Anywhere", "annotation", "spec",
    ]  # fmt: skip
    second = steps(objects.eksa(), Wanted("true", None, None, True), objects.capi())
    assert [what for what, _path, _body in second] == ["spec", "pause EKS Anywhere", "pause Cluster API"]


def test_the_diff_holds_what_differs():
    plan, _steps, after = eksa_cluster.plan(objects.found(objects.eksa(), objects.capi()), Wanted("true", paused=True))
    assert plan.before == {"skip_upgrade": "absent", "paused": {"eks_anywhere": False, "cluster_api": False}}
    assert plan.after == {"skip_upgrade": "true", "paused": {"eks_anywhere": True, "cluster_api": True}}
    assert after["annotation"] is True
    assert not eksa_cluster.plan(objects.found(objects.eksa()), Wanted())[0].changed


@pytest.mark.parametrize(
    ("version", "there", "wanted", "refused"),
    [
        ("v0.14.6", {}, Wanted("true"), "from v0.15 on (got v0.14.6)"),
        ("v0.15.0", {}, Wanted("true"), ""),
        (None, {}, Wanted("true"), ""),
        ("v0.14.6", {"skipUpgrade": True}, Wanted("true"), ""),
        ("v0.23.7", {"skipUpgrade": True}, Wanted("false"), "from v0.24 on (got v0.23.7)"),
        ("v0.23.7", {"skipUpgrade": True}, Wanted("absent"), "from v0.24 on"),
        (None, {"skipUpgrade": True}, Wanted("absent"), "got an unknown version"),
        ("v0.24.0", {"skipUpgrade": True}, Wanted("false"), ""),
        ("v0.23.7", {}, Wanted("false"), ""),
        ("v0.24.0", {"policyEnforcementMode": "always"}, Wanted("true"), "policyEnforcementMode (got always)"),
        ("v0.24.0", {"policyEnforcementMode": ""}, Wanted("true"), ""),
        ("v0.23.7", {}, Wanted(helm_values={"a": 1}), "from v0.24 on"),
        ("v0.24.0", {}, Wanted(helm_values={"operator": None}), "must be a mapping"),
        ("v0.24.0", {}, Wanted(helm_values={"preflight": []}), "must be a mapping"),
        ("v0.24.0", {}, Wanted(helm_values={"operator": {}}), ""),
        ("v0.24.0", {}, Wanted(helm_values={"envoy": {"enabled": None}}), "envoy.enabled: must not be null"),
        ("v0.14.6", {}, Wanted(paused=True), ""),
    ],
)
def test_what_eks_anywhere_would_refuse(version, there, wanted, refused):
    problems = eksa_cluster.problems(objects.found(objects.eksa(there, version)), wanted)
    assert len(problems) == bool(refused)
    assert all(refused in str(problem) for problem in problems)


def test_a_cluster_with_another_cni():
    item = objects.eksa()
    item["spec"]["clusterNetwork"] = {"cniConfig": {"kindnetd": {}}}
    (problem,) = eksa_cluster.problems(objects.found(item), Wanted("true"))
    assert "has no spec.clusterNetwork.cniConfig.cilium" in str(problem)


def test_warnings():
    assert eksa_cluster.warnings(objects.found(objects.eksa()), Wanted("true", paused=True)) == []
    assert (
        "does not say its eksaVersion"
        in eksa_cluster.warnings(objects.found(objects.eksa(version=None)), Wanted("true"))[0]
    )
    assert (
        "replaces EKS Anywhere's whole set"
        in eksa_cluster.warnings(objects.found(objects.eksa()), Wanted(helm_values={}))[0]
    )


def test_reading_both(api, cluster):
    objects.serve(api, objects.eksa(), objects.capi())
    found = eksa_cluster.find(cluster, None, False, Wanted(paused=True))
    assert (found.path, found.capi_path) == (objects.PATH, objects.CAPI)
    assert eksa_cluster.find(cluster, None, False, Wanted("true")).capi is None


def test_cluster_api_without_the_cluster(api, cluster):
    objects.serve(api, objects.eksa())
    with pytest.raises(NetworkError, match=r"paused: Cluster API has no Cluster .*machine health checks"):
        eksa_cluster.find(cluster, None, False, Wanted(paused=True))


def test_no_cluster_at_all(api, cluster):
    with pytest.raises(NetworkError, match=r"EKS Anywhere has no Cluster here\. Give the kubeconfig of the management"):
        eksa_cluster.find(cluster, None, False, Wanted("true"))


def test_all_lacking_permissions_at_once(api, cluster):
    objects.serve(api, objects.eksa(), objects.capi())
    api.denied = {("patch", "clusters"), ("get", "clusters")}
    with pytest.raises(NetworkError) as caught:
        eksa_cluster.find(cluster, None, False, Wanted(paused=True))
    said = str(caught.value)
    assert "patch clusters.anywhere.eks.amazonaws.com in namespace default" in said
    assert "patch clusters.cluster.x-k8s.io in namespace eksa-system" in said
    assert "get clusters.cluster.x-k8s.io" in said
    assert not [request for request in api.requests if request[0] == "PATCH"]


def test_nothing_of_cluster_api_is_needed_without_a_pause(api, cluster):
    objects.serve(api, objects.eksa())
    api.denied = {("get", "clusters")}
    assert eksa_cluster.find(cluster, None, False, Wanted("true"))
