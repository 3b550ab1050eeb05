"""What was there before the migration is there after it."""

from __future__ import annotations

import json
from typing import Any

import pytest

IMAGE_KEYS = ("image", "operator.image", "preflight.image")
AWS = {
    "envoy.enabled": False,
    "ingressController.enabled": False,
    "loadBalancer.l7.backend": "none",
    "image.useDigest": False,
    "operator.image.useDigest": False,
    "preflight.image.useDigest": False,
}


@pytest.fixture(scope="module")
def before(lab: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((lab.directory / "before.json").read_text())
    return found


def leaves(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def test_the_users_values_are_kept_and_image_overrides_are_gone(lab: Any, before: dict[str, Any]) -> None:
    wanted = {key: value for key, value in leaves(before["values"]).items() if key.rpartition(".")[0] not in IMAGE_KEYS}
    assert len(wanted) >= 8
    assert leaves(lab.helm("get", "values", "cilium")) == wanted | AWS


def test_every_policy_is_the_one_that_was_there(lab: Any, before: dict[str, Any]) -> None:
    policies = lab.get("networkpolicies,ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies", "-A")
    assert {item["metadata"]["uid"]: item["spec"] for item in policies} == before["policies"]


def test_every_definition_is_the_one_that_was_there(lab: Any, before: dict[str, Any]) -> None:
    found = {item["metadata"]["name"]: item["metadata"]["uid"] for item in lab.get("customresourcedefinitions")}
    assert found.items() >= before["definitions"].items()


def test_the_configuration_is_as_before(lab: Any, before: dict[str, Any]) -> None:
    config = json.loads(lab.kubectl("get", "configmap", "cilium-config", "-n", "kube-system", "-o", "json"))
    assert config["data"] == before["config"]


def test_pods_kept_their_addresses(lab: Any, before: dict[str, Any]) -> None:
    found = {item["metadata"]["uid"]: item["status"].get("podIP") for item in lab.get("pods", "-A")}
    assert found.items() >= before["pods"].items()


def test_the_revision_to_go_back_to_is_recorded(lab: Any, before: dict[str, Any]) -> None:
    words = ("get", "configmap", "eks-anywhere-network-cilium", "-n", "kube-system", "-o", "json")
    recorded = json.loads(lab.kubectl(*words))["data"]
    assert recorded == {"release": "cilium", "revision": before["revision"], "chart_version": "1.17.6"}
