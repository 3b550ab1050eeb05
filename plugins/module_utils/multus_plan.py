# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to get from the Multus that runs to the one that is wanted, and what stands against it.

Objects are wanted as manifests. A live object is as wanted when it holds everything the manifest says; what the API
server adds does not count. Lists, and the spec of the daemon's pods, are compared whole: a volume, a container or a
node selector that someone else left is a difference, because server-side apply would keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere, pod_networks
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import MANAGER
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import Plan, Refusal, flatten, same

ALLOW_IN_USE = "multus_allow_in_use"
CONFIGURE_CILIUM = "multus_configure_cilium"
TINKERBELL = "TinkerbellDatacenterConfig"
CONFIG_MAP = "/api/v1/namespaces/{}/configmaps/cilium-config"
AGENT = "/apis/apps/v1/namespaces/{}/daemonsets/cilium"
CONFIG_VOLUME = "etc-cni-netd"
"""Volume of the agent for the directory in which it writes its CNI configuration (the chart's value cni.confPath)."""
KUBELET_DIR = "/etc/cni/net.d"
"""Where the kubelet's runtime looks for a configuration."""
PATHS = {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
}
_UNITS = {"m": Decimal("0.001"), "": Decimal(1), "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9)} | {
    f"{unit}i": Decimal(1024 ** (power + 1)) for power, unit in enumerate("KMGT")
}

POD_DEFAULTS = {"dnsPolicy", "restartPolicy", "schedulerName", "securityContext", "serviceAccount"}
"""What the API server adds to a pod's spec."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Current:
    """What runs. ``live`` are the objects of the wanted manifests by key, ``users`` the pods of each network.

    ``exclusive`` is the live cni-exclusive of Cilium, ``conf_dir`` the directory in which it writes its configuration,
    both "" without Cilium. ``cluster`` is what EKS Anywhere says, ``nodes`` are the cluster's labels by node.
    """

    live: Mapping[str, Object | None]
    exclusive: str = ""
    conf_dir: str = ""
    users: Mapping[pod_networks.Key, Sequence[str]] = field(default_factory=dict)
    cluster: eks_anywhere.Answer = field(default_factory=eks_anywhere.Answer)
    nodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class MultusPlan:
    """``action`` is install, upgrade, replace, remove or none; ``changes`` are the objects that differ.

    ``cilium_values`` are values that Cilium has to get first.
    """

    action: str
    plan: Plan
    changes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    cilium_values: Mapping[str, Any] = field(default_factory=dict)


def key_of(manifest: Mapping[str, Any]) -> str:
    """Name an object as messages do."""
    metadata = manifest["metadata"]
    name = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
    return f"{manifest['kind']} {name}"


def path_of(manifest: Mapping[str, Any]) -> str:
    """Return an object's path in the API."""
    metadata = manifest["metadata"]
    return f"{PATHS[manifest['kind']].format(metadata.get('namespace', ''))}/{metadata['name']}"


def read(cluster: Cluster, manifests: Iterable[Object], cilium_namespace: str, said: eks_anywhere.Answer) -> Current:
    """Read what the plan needs."""
    config = cluster.get(CONFIG_MAP.format(cilium_namespace))
    return Current(
        {key_of(item): cluster.get(path_of(item)) for item in manifests},
        "" if config is None else str((config.get("data") or {}).get("cni-exclusive", "false")),
        _conf_dir(cluster.get(AGENT.format(cilium_namespace))),
        pod_networks.users(pod_networks.read(cluster)),
        said,
        dict(cluster.list("/api/v1/nodes", metadata_only=True, pick=_labels)),
    )


def _conf_dir(agent: Mapping[str, Any] | None) -> str:
    volumes = agent["spec"]["template"]["spec"].get("volumes") or [] if agent else []
    paths = [volume["hostPath"]["path"] for volume in volumes if volume.get("name") == CONFIG_VOLUME]
    return str(paths[0]).rstrip("/") if paths else ""


def _labels(node: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    return node["metadata"]["name"], dict(node["metadata"].get("labels") or {})


def present(
    current: Current, manifests: Sequence[Object], configure_cilium: bool, primary_dir: str = KUBELET_DIR
) -> MultusPlan:
    """Plan that Multus is there, with Cilium's configuration in ``primary_dir``."""
    differing = {key_of(item): item for item in manifests if not _as_wanted(current.live[key_of(item)], item)}
    before = {key: _part(current.live[key], item) for key, item in differing.items() if current.live[key]}
    action = _action(current, manifests, differing)
    wrong = [*_exclusive(current), *_elsewhere(current, primary_dir)]
    values = _merged(wanted for wanted, _problem in wrong) if configure_cilium else {}
    steps = [f"{action} {key}" for key in sorted(differing)]
    steps += [f"set {key} of Cilium to {value}" for key, value in flatten(values).items()]
    return MultusPlan(
        action,
        Plan(before, dict(differing), tuple(steps)),
        tuple(sorted(differing)),
        (*(() if configure_cilium else (problem for _wanted, problem in wrong)), *_unsupported(current)),
        (current.cluster.warning,) if current.cluster.warning and differing else (),
        values,
    )


def absent(
    current: Current,
    manifests: Sequence[Object],
    remove_crd: bool,
    allow_in_use: bool,
    configure_cilium: bool = False,
) -> MultusPlan:
    """Plan that Multus is not there. The definition of networks, and so every network, stays unless asked for."""
    going = [item for item in manifests if current.live[key_of(item)]]
    going = [item for item in going if remove_crd or item["kind"] != "CustomResourceDefinition"]
    pods = sorted({pod for listed in current.users.values() for pod in listed})
    refusals = []
    if going and pods and not allow_in_use:
        refusals.append(Refusal("networks of running pods", named(pods), "lost with their next restart", ALLOW_IN_USE))
    wrong = list(_elsewhere(current, KUBELET_DIR)) if going else []
    values = _merged(wanted for wanted, _problem in wrong) if configure_cilium else {}
    keys = tuple(sorted(map(key_of, going)))
    steps = [f"set {key} of Cilium to {value}" for key, value in flatten(values).items()]
    return MultusPlan(
        "remove" if going else "none",
        Plan(dict.fromkeys(keys, "present"), {}, (*steps, *(f"remove {key}" for key in keys)), tuple(refusals)),
        keys,
        () if configure_cilium else tuple(problem for _wanted, problem in wrong),
        cilium_values=values,
    )


def _action(current: Current, manifests: Sequence[Object], differing: Mapping[str, Object]) -> str:
    if not differing:
        return "none"
    (daemon,) = [key_of(item) for item in manifests if item["kind"] == "DaemonSet"]
    live = current.live[daemon]
    if live is None:
        return "install"
    return "replace" if daemon in differing and _foreign(live) else "upgrade"


def _foreign(daemon_set: Mapping[str, Any]) -> bool:
    """Say whether someone else owns a part of the DaemonSet's template: applying ours would leave it in."""
    return any(
        entry.get("manager") != MANAGER and "f:spec" in (entry.get("fieldsV1") or {})
        for entry in daemon_set["metadata"].get("managedFields") or []
    )


def _exclusive(current: Current) -> Iterable[tuple[Object, Problem]]:
    if current.exclusive == "true":
        yield (
            {"cni": {"exclusive": False}},
            Problem(
                "cilium-config cni-exclusive",
                "Cilium moves every other CNI configuration away, and Multus' with it (got true)",
                f"Set {CONFIGURE_CILIUM}: true, or give cilium_values {{cni: {{exclusive: false}}}} to the role cilium",
            ),
        )


def _elsewhere(current: Current, wanted: str) -> Iterable[tuple[Object, Problem]]:
    if current.conf_dir in ("", wanted):
        return
    message = "kubelet would have no configuration without Multus"
    if wanted != KUBELET_DIR:
        message = "kubelet finds it there when Multus is away, and starts pods without their networks"
    values = f"cilium_values {{cni: {{confPath: {wanted}}}}}"
    yield (
        {"cni": {"confPath": wanted}},
        Problem(
            "DaemonSet cilium, its CNI configuration",
            f"{message} (got {current.conf_dir})",
            f"Set {CONFIGURE_CILIUM}: true, or give {values} to the role cilium",
        ),
    )


def _merged(values: Iterable[Object]) -> Object:
    return {"cni": cni} if (cni := {key: value for entry in values for key, value in entry["cni"].items()}) else {}


def _unsupported(current: Current) -> Iterable[Problem]:
    ours = current.cluster.ours
    if ours and ours.datacenter and ours.datacenter != TINKERBELL:
        yield Problem(
            ours.where,
            f"EKS Anywhere supports Multus on bare metal only (got datacenterRef.kind {ours.datacenter})",
            f"Use a cluster of kind {TINKERBELL}",
        )


def _as_wanted(live: Object | None, wanted: Object) -> bool:
    if live is None or not holds(live, wanted):
        return False
    if wanted["kind"] != "DaemonSet":
        return True
    theirs, ours = (item["spec"].get("template", {}).get("spec", {}) for item in (live, wanted))
    return theirs.keys() - POD_DEFAULTS <= ours.keys()


def holds(live: Any, wanted: Any, path: tuple[str, ...] = ()) -> bool:
    """Say whether a live object holds everything that is wanted."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(
            holds(live.get(name), value, (*path, str(name))) for name, value in wanted.items()
        )
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(live, (list, tuple))
            and len(live) == len(wanted)
            and all(holds(one, other, path) for one, other in zip(live, wanted, strict=True))
        )
    if {"requests", "limits"} & set(path[-2:-1]):
        meant = _quantity(wanted)
        return meant is not None and _quantity(live) == meant
    return same(live, wanted)


def _quantity(value: Any) -> Decimal | None:
    """Return what a quantity of Kubernetes means, None when it is none."""
    text = str(value)
    number = text.rstrip("".join(sorted({sign for unit in _UNITS for sign in unit})))
    try:
        return Decimal(number) * _UNITS[text[len(number) :]]
    except (InvalidOperation, KeyError):
        return None


def _part(live: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> Object:
    """Return of a live object what differs from the wanted one, for the diff."""
    flat, told = flatten(dict(live or {})), flatten(wanted)
    return {key: flat[key] for key in told if key in flat and not same(flat[key], told[key])}
