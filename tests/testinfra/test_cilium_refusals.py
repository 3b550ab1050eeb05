"""Wrong input, a missing partner, a dangerous wish: a clear message within seconds (and nothing changed, see
test_unchanged.py)."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from pathlib import Path

import pytest
import yaml

SECONDS = 60

CASES = {
    "chart version absent": ({"cilium_chart_version": "1.17.99-0"}, ["1.17.99-0"]),
    "registry down": ({"cilium_chart_ref": "oci://172.30.0.1:5999/eks/cilium/cilium"}, ["172.30.0.1:5999"]),
    "no helm": ({"cilium_helm_binary": "/no/such/helm"}, ["helm_binary", "/no/such/helm"]),
    "API server down": ({"cilium_kubeconfig": "{closed}"}, ["172.30.0.11:6999"]),
    "no kubeconfig": ({"cilium_kubeconfig": "/no/such/kubeconfig"}, ["/no/such/kubeconfig"]),
    "unknown context": ({"cilium_context": "elsewhere"}, ["context", "elsewhere", "practice"]),
    "no permission": ({"cilium_kubeconfig": "{reader}"}, ["secrets", "configmaps", "daemonsets"]),
    "misspelt values, all at once": (
        {"cilium_values": {"ipma": {"mode": "kubernetes"}, "tunnelProtocl": "vxlan"}},
        ["values.ipma", "values.tunnelProtocl", "tunnelProtocol"],
    ),
    "another IPAM mode": (
        {"cilium_values": {"ipam": {"mode": "cluster-pool"}}},
        ["kubernetes", "cluster-pool", "cilium_allow_ipam_change"],
    ),
    "the release's values thrown away": (
        {"cilium_keep_values": False},
        ["cilium_allow_ipam_change", "cilium_allow_cni_exclusive_change", "cilium_allow_cluster_identity_change"],
    ),
    "another tunnel, kube-proxy replaced": (
        {"cilium_values": {"tunnelProtocol": "geneve", "kubeProxyReplacement": "true"}},
        ["geneve", "cilium_allow_tunnel_change", "cilium_allow_kube_proxy_replacement_change"],
    ),
    "unknown state": ({"cilium_state": "gone"}, ["cilium_state", "gone"]),
}


@pytest.fixture(scope="module")
def kubeconfigs(lab, kubectl, tmp_path_factory):
    """Kubeconfigs that do not do: of a port nobody listens on, and of a user who may only read pods."""
    directory = tmp_path_factory.mktemp("kubeconfigs")
    good = yaml.safe_load(Path(lab["KUBECONFIG"]).read_text())
    closed = json.loads(json.dumps(good).replace(":6443", ":6999"))
    (directory / "closed").write_text(yaml.safe_dump(closed))

    manifest = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "namespace": "default"}},
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {"name": "lab-reader"},
                "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
            },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "lab-reader"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "lab-reader"},
                "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "default"}],
            },
        ],
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    reader = json.loads(json.dumps(good))
    reader["users"][0]["user"] = {"token": kubectl("create", "token", "reader").strip()}
    (directory / "reader").write_text(yaml.safe_dump(reader))
    yield {"closed": str(directory / "closed"), "reader": str(directory / "reader")}
    kubectl("delete", "-f", "-", stdin=json.dumps(manifest))


@pytest.mark.parametrize("case", CASES)
def test_the_role_says_what_is_wrong(case, kubeconfigs, project):
    variables, expected = CASES[case]
    variables = {
        name: value.format(**kubeconfigs) if name == "cilium_kubeconfig" else value for name, value in variables.items()
    }
    begin = time.monotonic()
    done = subprocess.run(
        ["ansible-playbook", "-i", "inventories/lab", "-e", json.dumps(variables), "playbooks/cilium.yml"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert [word for word in expected if word not in said] == [], said
    assert "Traceback" not in said
    assert "changed=0" in said
    assert time.monotonic() - begin < SECONDS


def test_secrets_of_the_release_are_not_shown(project, read):
    wanted = json.dumps({"cilium_values": {"podLabels": {"team": "another"}}})
    done = subprocess.run(
        ["ansible-playbook", "-i", "inventories/lab", "--check", "--diff", "-e", wanted, "playbooks/cilium.yml"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    secret = read("secret", "hubble-server-certs", "-n", "kube-system")["data"]["tls.key"]
    said = done.stdout + done.stderr
    assert "podLabels.team" in said
    assert secret not in said
    assert base64.b64decode(secret).decode().splitlines()[1] not in said
    assert "PRIVATE KEY" not in said
