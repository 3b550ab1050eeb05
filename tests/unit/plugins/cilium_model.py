"""A model of Helm and a cluster with Cilium: what charts render, and what upgrades, rollbacks and people leave behind.

A world answers like Cluster and like Helm, so that the planner runs as it is.
"""

from __future__ import annotations

import copy
import json

from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import Chart, known_keys
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_change import Request, find
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import CONSENTS
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_record import NAME
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_values import PROFILES, merge
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import decode, encode, unlock
from hypothesis import strategies as st

MISSING = object()
NAMESPACE = "kube-system"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
CREATED = "2026-01-31T12:00:00Z"
CONFIG_KEYS = {
    "ipam.mode": "ipam",
    "routingMode": "routing-mode",
    "tunnelProtocol": "tunnel-protocol",
    "tunnelPort": "tunnel-port",
    "cluster.name": "cluster-name",
    "cluster.id": "cluster-id",
    "kubeProxyReplacement": "kube-proxy-replacement",
    "policyEnforcementMode": "enable-policy",
    "cni.exclusive": "cni-exclusive",
    "debug.enabled": "debug",
    "envoy.enabled": "external-envoy-proxy",
}
CONTAINERS = [
    ("cilium", "config"),
    ("cilium", "cilium-agent"),
    ("cilium-operator", "cilium-operator"),
]
PARTS = ("initContainers", "containers")
PLURALS = {"DaemonSet": "daemonsets", "Deployment": "deployments"}


def chart(version, registry):
    def image(name, tag=f"v{version}", digest=""):
        known = {"override": None, "repository": f"{registry}/{name}", "tag": tag, "digest": digest}
        return {**known, "useDigest": bool(digest), "pullPolicy": "IfNotPresent"}

    values = {
        "ipam": {"mode": "cluster-pool"},
        "routingMode": "",
        "tunnelProtocol": "",
        "tunnelPort": 0,
        "cluster": {"name": "default", "id": 0},
        "kubeProxyReplacement": None,
        "policyEnforcementMode": "default",
        "cni": {"exclusive": True},
        "debug": {"enabled": False},
        "envoy": {"enabled": None, "image": image("envoy", "v1", "sha256:1")},
        "ingressController": {"enabled": False},
        "loadBalancer": {"l7": {"backend": "disabled"}},
        "podLabels": {},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}},
        "image": image("cilium", digest="sha256:0"),
        "operator": {"image": image("operator"), "replicas": 2},
        "preflight": {"image": {"useDigest": True}},
    }
    return Chart("ref", "path", "cilium", version, version, values, known_keys(values, {}, ""))


CHARTS = {
    item.version: item
    for item in (
        chart("1.17.6", "quay.io/cilium"),
        chart("1.17.6-0", "public.ecr.aws/eks/cilium"),
        chart("1.18.1-0", "public.ecr.aws/eks/cilium"),
        chart("1.15.2", "quay.io/cilium"),
    )
}
VERSIONS = st.sampled_from(sorted(CHARTS))
PROFILE = st.sampled_from(sorted(PROFILES))
IMAGES = st.fixed_dictionaries(
    {},
    optional={
        "repository": st.sampled_from(["quay.io/cilium/cilium", "mirror.example.com/cilium"]),
        "tag": st.sampled_from(["v1.17.5", "v0"]),
        "digest": st.just("sha256:foreign"),
        "override": st.just("mirror.example.com/all:1"),
        "useDigest": st.booleans(),
        "pullPolicy": st.sampled_from(["Always", "IfNotPresent"]),
    },
)
OWN = st.fixed_dictionaries(
    {},
    optional={
        "ipam": st.fixed_dictionaries({"mode": st.sampled_from(["kubernetes", "cluster-pool", "multi-pool"])}),
        "routingMode": st.sampled_from(["", "tunnel", "native"]),
        "tunnelProtocol": st.sampled_from(["", "vxlan", "geneve"]),
        "tunnelPort": st.sampled_from([0, 8472, 6081]),
        "cluster": st.fixed_dictionaries({}, optional={"name": st.sampled_from(["a", "b"]), "id": st.integers(0, 2)}),
        "kubeProxyReplacement": st.sampled_from([True, False, "true"]),
        "policyEnforcementMode": st.sampled_from(["always", "default", "never"]),
        "cni": st.fixed_dictionaries({"exclusive": st.booleans()}),
        "debug": st.fixed_dictionaries({"enabled": st.booleans()}),
        "envoy": st.fixed_dictionaries({"enabled": st.none() | st.booleans()}),
        "podLabels": st.dictionaries(st.sampled_from(["team", "tier"]), st.sampled_from(["x", "y"])),
        "updateStrategy": st.just({"type": "OnDelete"})
        | st.fixed_dictionaries({"rollingUpdate": st.fixed_dictionaries({"maxUnavailable": st.integers(1, 3)})}),
    },
)
STARTS = st.builds(
    lambda own, image, operator, envoy: merge(
        own, {"image": image, "operator": {"image": operator, "replicas": 1}, "envoy": {"image": envoy}}
    ),
    OWN,
    IMAGES,
    IMAGES,
    IMAGES,
)
WISHES = st.builds(
    lambda own, image, removed: {**own, **({"image": image} if image else {}), **dict.fromkeys(removed)},
    OWN,
    st.just({}) | IMAGES,
    st.sets(st.sampled_from(["podLabels", "tunnelPort"])),
)
EDITS = st.fixed_dictionaries(
    {
        "config": st.dictionaries(
            st.sampled_from(["mine", "enable-hubble", *CONFIG_KEYS.values()]), st.sampled_from(["odd", "true"])
        ),
        "images": st.dictionaries(
            st.sampled_from([*CONTAINERS, ("cilium", "sidecar")]), st.just("other.example.com/x")
        ),
    }
)
"""What people do to the live objects: keys of cilium-config, and images of containers or containers of their own."""


def at(values, path):
    found = values
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return MISSING
        found = found[name]
    return found


def image_of(image):
    if image.get("override"):
        return image["override"]
    digest = f"@{image['digest']}" if image.get("useDigest") and image.get("digest") else ""
    return f"{image['repository']}:{image['tag']}{digest}"


def render(version, values):
    """What a chart makes of values, by (kind, name): cilium-config, agent, operator, and Envoy where it is wanted."""
    meant = merge(CHARTS[version].values, values)
    config = {
        key: str(at(meant, path)).lower()
        for path, key in CONFIG_KEYS.items()
        if at(meant, path) not in (MISSING, None, "", 0)
    }
    agent, operator = image_of(meant["image"]), image_of(meant["operator"]["image"])
    labels = meant.get("podLabels", {})
    init = {"config": agent}
    if version.startswith("1.18"):
        config["new-in-1.18"] = "true"
        init["new-in-1.18"] = agent
    objects = [
        {"kind": "ConfigMap", "metadata": {"name": "cilium-config", "namespace": NAMESPACE}, "data": config},
        workload("DaemonSet", "cilium", {"cilium-agent": agent}, labels, init),
        workload("Deployment", "cilium-operator", {"cilium-operator": operator}, labels),
    ]
    if meant["envoy"].get("enabled"):
        objects.append(workload("DaemonSet", "cilium-envoy", {"cilium-envoy": image_of(meant["envoy"]["image"])}, {}))
    return {(item["kind"], item["metadata"]["name"]): item for item in objects}


def workload(kind, name, containers, labels, init=()):
    listed = [{"name": container, "image": image} for container, image in containers.items()]
    first = [{"name": container, "image": init[container]} for container in init]
    spec = {"initContainers": first, "containers": listed, "volumes": [{"configMap": {"name": "cilium-config"}}]}
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": dict(labels)}, "spec": spec},
        },
    }


def images(objects):
    """The images of rendered or live objects, by (workload, container)."""
    return {
        (name, container["name"]): container["image"]
        for (kind, name), item in objects.items()
        if kind in PLURALS
        for part in PARTS
        for container in item["spec"]["template"]["spec"][part]
    }


def three_way(original, wanted, live):
    """What Helm makes of a mapping: it sets what it wants, takes what it had, and leaves everything else."""
    return {**{key: value for key, value in live.items() if key not in original}, **wanted}


class World:
    """A cluster with a release: ``live`` are its objects by (kind, name), ``revisions`` Helm's, by number."""

    def __init__(self, version, values):
        self.live = {}
        self.revisions = {}
        self.record = None
        self.upgrade(version, values)

    # Cluster, as far as the planner asks

    def server_version(self):
        return "1.33.4"

    def access(self, needs):
        return []

    def get(self, path, query=None):
        if path == f"{CORE}/configmaps/{NAME}":
            return self.record and {"data": dict(self.record)}
        if path == f"{CORE}/configmaps/cilium-config":
            return self.live[("ConfigMap", "cilium-config")]
        number = _number(path)
        if number not in self.revisions:
            return None
        return {"metadata": self._metadata(number), "data": {"release": encode(self.revisions[number])}}

    def list(self, path, query=None, metadata_only=False, pick=None):
        if path == f"{CORE}/secrets":
            return [{"metadata": self._metadata(number)} for number in self.revisions]
        found = [item for (kind, _name), item in self.live.items() if path == f"{APPS}/{PLURALS.get(kind)}"]
        return [pick(item) for item in found] if pick else found

    def patch(self, path, body):
        self.revisions[_number(path)] = decode(body, path)

    def _metadata(self, number):
        labels = {"version": str(number), "status": self.status(number)}
        return {"name": f"sh.helm.release.v1.cilium.v{number}", "labels": labels, "creationTimestamp": CREATED}

    # Helm

    def pull(self, ref, version, dest):
        return CHARTS[version]

    def template(self, chart, release, namespace, values, kube_version, api_versions=(), upgrade=False):
        return list(render(chart.version, values).values())

    def upgrade(self, version, values, ends="deployed", arrives=lambda key: True):
        """helm upgrade --install. ``ends`` is the new revision's status, ``arrives`` says which objects are changed."""
        assert not any(self.status(number).startswith("pending-") for number in list(self.revisions)[-1:])
        deployed = [number for number in self.revisions if self.status(number) == "deployed"]
        base = deployed[-1] if deployed else max(self.revisions, default=None)
        self._change(version, values, base, ends, arrives)

    def rollback(self, number, ends="deployed", arrives=lambda key: True):
        """helm rollback."""
        self._change(*self.content(number), max(self.revisions), ends, arrives)

    def _change(self, version, values, base, ends, arrives):
        original = render(*self.content(base)) if base else {}
        wanted = render(version, values)
        for key in {**original, **wanted}:
            if arrives(key):
                self._arrive(key, original.get(key), wanted.get(key))
        number = max(self.revisions, default=0) + 1
        for release in self.revisions.values() if ends == "deployed" else ():
            if release["info"]["status"] == "deployed":
                release["info"]["status"] = "superseded"
        self.revisions[number] = {
            "version": number,
            "info": {"status": ends},
            "chart": {"metadata": {"name": "cilium", "version": version, "appVersion": version}},
            "config": copy.deepcopy(values),
            "manifest": "\n---\n".join(map(json.dumps, wanted.values())),
        }

    def _arrive(self, key, original, wanted):
        live = self.live.get(key)
        if wanted is None:
            self.live.pop(key, None)
        elif live is None:
            self.live[key] = copy.deepcopy(wanted)
        elif key[0] == "ConfigMap":
            live["data"] = three_way((original or {}).get("data", {}), wanted["data"], live["data"])
        else:
            template = live["spec"]["template"]
            template["metadata"] = copy.deepcopy(wanted["spec"]["template"]["metadata"])
            for part in PARTS:
                merged = three_way(*(_containers(item, part) for item in (original, wanted, live)))
                template["spec"][part] = list(copy.deepcopy(merged).values())

    # What a person does, and what tests do and look at

    def edit(self, edits):
        """Change live objects, see EDITS."""
        self.config.update(edits["config"])
        for (name, container), image in edits["images"].items():
            item = next(item for (_kind, known), item in self.live.items() if known == name)
            found = [_containers(item, part).get(container) for part in PARTS]
            for entry in filter(None, found):
                entry["image"] = image
            if not any(found):
                item["spec"]["template"]["spec"]["containers"].append({"name": container, "image": image})

    @property
    def config(self):
        return self.live[("ConfigMap", "cilium-config")]["data"]

    def status(self, number):
        return self.revisions[number]["info"]["status"]

    def content(self, number):
        """The chart's version and the values of a revision."""
        release = self.revisions[number]
        return release["chart"]["metadata"]["version"], release["config"]

    def plan(self, version=None, wish=None, consents=CONSENTS, **options):
        """The planner's result. All consents are given unless said otherwise."""
        asked = {"chart_version": version, "values": wish, "consents": frozenset(consents), **options}
        return find(self, self, Request("ref", **asked))

    def carry_out(self, result, **how):
        """Do what a plan says."""
        if result["unlock"]:
            unlock(self, "cilium", NAMESPACE, result["unlock"]["revision"])
        if result["action"] == "rollback":
            self.rollback(result["target"]["revision"], **how)
        elif result["action"] != "none":
            self.upgrade(result["chart"]["version"], result["values"], **how)


def _number(path):
    last = path.rpartition(".v")[2]
    return int(last) if last.isdigit() else None


def _containers(item, part):
    listed = item["spec"]["template"]["spec"][part] if item else []
    return {entry["name"]: entry for entry in listed}
