# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Cluster object is ours, and what EKS Anywhere would do to a change."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere


def described(name, manager=None, version="v0.24.1", skip=True, marked=True):
    metadata = {"name": name, "namespace": "default"}
    if marked:
        metadata["annotations"] = {eks_anywhere.ANNOTATION: ""}
    cilium = {} if skip is None else {"skipUpgrade": skip}
    spec = {"eksaVersion": version, "clusterNetwork": {"cniConfig": {"cilium": cilium}}}
    if manager is not None:
        spec["managementCluster"] = {"name": manager}
    return {"metadata": metadata, "spec": spec}


def read(api, cluster, *objects, **options):
    api.lists[eks_anywhere.CLUSTERS] = list(objects)
    return eks_anywhere.read(cluster, **options)


@pytest.mark.parametrize(
    ("clusters", "version"),
    [
        ([], None),
        ([("w", "mgmt", "v0.22.1"), ("mgmt", "mgmt", "v0.24.1")], "v0.24.1"),
        ([("mgmt", None, "v0.23.0")], "v0.23.0"),
        ([("w", "mgmt", "v0.22.1")], None),
    ],
)
def test_without_a_name_it_is_the_one_that_manages_itself(api, cluster, clusters, version):
    assert read(api, cluster, *(described(*item) for item in clusters)).version == version


def test_a_name_chooses(api, cluster):
    objects = described("mgmt", "mgmt"), described("w", "mgmt", "v0.23.1")
    assert read(api, cluster, *objects, name="w").version == "v0.23.1"


def test_a_name_that_is_not_there_is_a_warning(api, cluster):
    answer = read(api, cluster, described("mgmt"), name="other")
    assert answer.ours is None
    assert "no Cluster other here, of default/mgmt" in answer.warning


def test_a_name_that_is_there_twice_is_a_warning(api, cluster):
    twin = described("w", "mgmt")
    twin["metadata"]["namespace"] = "other"
    answer = read(api, cluster, described("w", "mgmt"), twin, name="w")
    assert answer.ours is None
    assert "several Clusters w here, of default/w, other/w" in answer.warning


def test_of_several_in_a_management_cluster_none_is_guessed(api, cluster):
    objects = described("mgmt", "mgmt"), described("w", "mgmt")
    answer = read(api, cluster, *objects, elsewhere=True)
    assert answer.ours is None
    assert "Which of the Clusters mgmt, w is this one" in answer.warning
    assert read(api, cluster, objects[1], elsewhere=True).ours.name == "w"


def test_a_cluster_without_eks_anywhere_says_nothing(api, cluster):
    assert read(api, cluster) == eks_anywhere.Answer()
    assert read(api, cluster, name="any") == eks_anywhere.Answer()


def test_no_access_is_a_warning(api, cluster):
    api.answers[f"GET {eks_anywhere.CLUSTERS}"] = (403, {"message": "may not list clusters"})
    answer = eks_anywhere.read(cluster)
    assert (answer.ours, answer.version) == (None, None)
    assert "may not list clusters" in answer.warning


@pytest.mark.parametrize(("skip", "refused"), [(True, False), (False, True), (None, True), ("true", True), (1, True)])
def test_only_a_true_boolean_keeps_eks_anywhere_away(api, cluster, skip, refused):
    found = eks_anywhere.problems(read(api, cluster, described("mgmt", skip=skip)))
    assert bool(found) is refused
    if refused:
        assert "skipUpgrade: true" in str(found[0])
        assert "eks_anywhere.network.eksa_cni" in str(found[0])


@pytest.mark.parametrize(("removal", "marked", "count"), [(True, False, 1), (True, True, 0), (False, False, 0)])
def test_a_removal_needs_the_annotation(api, cluster, removal, marked, count):
    answer = read(api, cluster, described("mgmt", marked=marked))
    found = eks_anywhere.problems(answer, removal)
    assert len(found) == count
    assert all(eks_anywhere.ANNOTATION in str(problem) for problem in found)
