"""A chart that is small and has every feature the real one is judged by."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
import yaml

VALUES = {
    "ipam": {"mode": "cluster-pool", "operator": {"clusterPoolIPv4PodCIDRList": ["10.0.0.0/8"]}},
    "image": {
        "override": None,
        "repository": "public.ecr.aws/eks/cilium/cilium",
        "tag": "v1.17.6-0",
        "digest": "",
        "useDigest": False,
        "pullPolicy": "IfNotPresent",
    },
    "operator": {
        "replicas": 2,
        "image": {"repository": "public.ecr.aws/eks/cilium/operator", "tag": "v1.17.6-0", "useDigest": False},
        "nodeSelector": {"kubernetes.io/os": "linux"},
    },
    "preflight": {"image": {"useDigest": False}},
    "cni": {"exclusive": True, "chainingMode": None},
    "envoy": {"enabled": None, "podAnnotations": {}},
    "ingressController": {"enabled": False},
    "loadBalancer": {"l7": {"backend": "disabled"}},
    "hubble": {"relay": {"enabled": False, "image": {"repository": "quay.io/cilium/hubble-relay"}}},
    "tunnelProtocol": "",
    "tunnelPort": 0,
    "updateStrategy": {"type": "RollingUpdate"},
    "socketLB": {"enabled": False},
    "extraConfig": {},
    "extraEnv": [],
    "tls": {"ca": {"cert": "", "key": ""}},
}
SCHEMA = {
    "properties": {"envoy": {"properties": {"enabled": {"type": ["null", "boolean"]}}}, "eni": {"type": "object"}}
}
TEMPLATE = """
{{- $socketLB := (coalesce .Values.socketLB .Values.hostServices) -}}
{{- if $socketLB.hostNamespaceOnly }}a: b{{ end }}
{{- if hasKey .Values "devices" }}devices: {{ .Values.kubeProxyReplacement }}{{ end }}
{{- if hasKey .Values.loadBalancer "mode" }}x{{ end }}
{{- with .Values.updateStrategy }}
updateStrategy:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}{{ end }}
{{- if .Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1/GatewayClass" }}{{ end }}
"""


def write_chart(folder: Path, version: str = "1.17.6-0", values: dict | None = None, schema: str | None = None) -> Path:
    """Write a chart directory and return it."""
    chart = folder / "cilium"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    about = {"name": "cilium", "version": version, "appVersion": version.partition("-")[0]}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    (chart / "values.yaml").write_text(yaml.safe_dump(VALUES if values is None else values))
    (chart / "values.schema.json").write_text(json.dumps(SCHEMA) if schema is None else schema)
    (chart / "templates" / "all.yaml").write_text(TEMPLATE)
    (chart / "README.md").write_text(".Values.notRead")
    return chart


def pack(chart: Path) -> Path:
    """Pack a chart directory as Helm does and return the archive."""
    archive = chart.parent / "cilium.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(chart, arcname="cilium")
    return archive


@pytest.fixture
def chart_dir(tmp_path):
    return write_chart(tmp_path)


@pytest.fixture
def chart_tgz(chart_dir):
    return pack(chart_dir)
