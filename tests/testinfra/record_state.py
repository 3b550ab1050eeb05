"""Not a check: keeps what a migration must not lose, before it starts."""

from __future__ import annotations

import json
from typing import Any


def test_record(lab: Any) -> None:
    policies = lab.get("networkpolicies,ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies", "-A")
    definitions = lab.get("customresourcedefinitions")
    config = json.loads(lab.kubectl("get", "configmap", "cilium-config", "-n", "kube-system", "-o", "json"))
    pods = [pod for pod in lab.get("pods", "-A") if not pod["spec"].get("hostNetwork")]
    kept = {
        "policies": {item["metadata"]["uid"]: item["spec"] for item in policies},
        "definitions": {item["metadata"]["name"]: item["metadata"]["uid"] for item in definitions},
        "config": config["data"],
        "values": lab.helm("get", "values", "cilium"),
        "pods": {item["metadata"]["uid"]: item["status"]["podIP"] for item in pods},
        "revision": lab.helm("list", "--filter", "^cilium$")[0]["revision"],
    }
    assert kept["policies"]
    assert kept["pods"]
    (lab.directory / "before.json").write_text(json.dumps(kept))
