"""What was there before the migration is there after it."""

from __future__ import annotations

import snapshot

IMAGE_KEYS = ("image", "operator.image", "preflight.image")
AWS = {
    "envoy.enabled": False,
    "ingressController.enabled": False,
    "loadBalancer.l7.backend": "none",
    "image.useDigest": False,
    "operator.image.useDigest": False,
    "preflight.image.useDigest": False,
}


def leaves(tree, prefix=""):
    flat = {}
    for key, value in tree.items():
        flat |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def test_the_users_values_are_kept_and_image_overrides_are_gone(helm, before):
    own = {key: value for key, value in leaves(before["values"]).items() if key.rpartition(".")[0] not in IMAGE_KEYS}
    assert len(own) >= 8
    assert leaves(helm("get", "values", "cilium")) == own | AWS


def test_every_policy_is_the_one_that_was_there(read, before):
    assert snapshot.policies(read) == before["policies"]


def test_every_definition_is_the_one_that_was_there(read, before):
    assert [crd for crd in before["crds"] if crd not in snapshot.crds(read)] == []


def test_the_configuration_is_as_before(read, before):
    assert read("configmap", "cilium-config", "-n", "kube-system")["data"] == before["config"]


def test_no_pod_of_a_user_was_restarted(read, before):
    assert snapshot.workload_pods(read) == before["workload_pods"]


def test_the_revision_to_go_back_to_is_recorded(read, before):
    recorded = read("configmap", "eks-anywhere-network-cilium", "-n", "kube-system")["data"]
    assert recorded == {
        "release": "cilium",
        "revision": str(before["revision"]),
        "chart_version": "1.17.6",
        "proven": "true",
    }
