# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of networks for tests, ways to change one thing of them, and what the checks say of them."""

from __future__ import annotations

import copy
import json
import re

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import parse
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_config import check_config
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report

GONE = object()
"""As a value: take the field away."""

HOST_LOCAL = {"type": "host-local", "subnet": "10.1.0.0/24"}
STATIC = {"type": "static", "addresses": [{"address": "10.1.0.5/24"}]}
WHEREABOUTS = {"type": "whereabouts", "range": "10.1.0.0/24"}
DHCP = {"type": "dhcp"}

MACVLAN = {"cniVersion": "0.3.1", "type": "macvlan", "master": "eth1", "ipam": HOST_LOCAL}
IPVLAN = {"cniVersion": "0.3.1", "type": "ipvlan", "master": "eth1", "ipam": HOST_LOCAL}
BRIDGE = {"cniVersion": "0.3.1", "type": "bridge", "bridge": "br1", "ipam": HOST_LOCAL}
VLAN = {"cniVersion": "0.3.1", "type": "vlan", "master": "eth1", "vlanId": 5, "ipam": HOST_LOCAL}
BOND = {
    "cniVersion": "0.3.1",
    "type": "bond",
    "mode": "active-backup",
    "miimon": "100",
    "linksInContainer": True,
    "links": [{"name": "net1"}, {"name": "net2"}],
}
SRIOV = {"cniVersion": "0.3.1", "type": "sriov", "deviceID": "0000:03:02.0"}


def edit(config, path="", value=GONE):
    """Return a copy with the value at a path like ``ipam.ranges[0]`` set, or taken away."""
    found = copy.deepcopy(config)
    if not path:
        return found
    names = [int(index) if index else name for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]
    at = found
    for name in names[:-1]:
        at = at[name]
    if value is GONE:
        del at[names[-1]]
    else:
        at[names[-1]] = value
    return found


def chain(*plugins, version="0.4.0", **more):
    """Return a list of plugins; each is a configuration or only its type."""
    entries = [{"type": plugin} if isinstance(plugin, str) else plugin for plugin in plugins]
    kept = [{key: value for key, value in entry.items() if key != "cniVersion"} for entry in entries]
    return {"cniVersion": version, "plugins": kept, **more}


def says(config, resource=False):
    """Return the errors and the warnings about one configuration, as texts."""
    report = Report()
    check_config(config, "config", "net", resource, report)
    return texts(report)


def texts(report):
    return [str(entry) for entry in sorted(report.errors)], [str(entry) for entry in sorted(report.warnings)]


def errors(config, resource=False):
    return says(config, resource)[0]


def network(name="net", config=..., **more):
    """Return an entry of the option ``attachments``."""
    return {"name": name, "config": copy.deepcopy(MACVLAN if config is ... else config), **more}


def wanted(*entries):
    """Return the entries as they are after parsing; they must be right."""
    report = Report()
    found = parse(entries, report)
    assert report.errors == []
    return found


def subnet(config, value):
    """Return the configuration with another subnet of host-local."""
    return edit(config, "ipam", {"type": "host-local", "subnet": value})


def facts(name, *interfaces, binaries=None, labels=None, **more):
    """Return an entry of the option ``nodes``: the interfaces eth0 (uplink) and eth1, or the given ones."""
    links = interfaces or (link("eth0", "172.18.0.2/16"), link("eth1"))
    found = {"name": name, "interfaces": list(links), **more}
    if binaries is not None:
        found["cni_binaries"] = binaries
    if labels is not None:
        found["labels"] = labels
    return found


def link(name, *addresses, **more):
    """Return an interface of a node that is up and connected."""
    listed = [dict(zip(("address", "prefix"), entry.split("/"), strict=True)) for entry in addresses]
    given = [{"address": entry["address"], "prefix": int(entry["prefix"])} for entry in listed]
    about = {"mtu": 1500, "carrier": True, "operstate": "up", "master": None, "vlan": None, "mac": None}
    return {"name": name, "addresses": given, **about, **more}


KIND = "/apis/k8s.cni.cncf.io/v1"
ALL = f"{KIND}/network-attachment-definitions"


def path(namespace, name):
    return f"{KIND}/namespaces/{namespace}/network-attachment-definitions/{name}"


def serve(api, *items, namespaces=("default",)):
    """Let a fake API server have the kind, these namespaces, and networks as (namespace, name, config, labels)."""
    api.objects[KIND] = {"kind": "APIResourceList"}
    api.lists["/api/v1/pods"] = []
    api.lists[ALL] = []
    for namespace in namespaces:
        api.objects[f"/api/v1/namespaces/{namespace}"] = {"kind": "Namespace"}
    for namespace, name, config, labels in items:
        metadata = {"namespace": namespace, "name": name, "labels": labels}
        item = {"metadata": metadata, "spec": {"config": json.dumps(config)}}
        api.objects[path(namespace, name)] = item
        api.lists[ALL].append(item)


def serve_pod(api, name, networks, namespace="default"):
    annotations = {"k8s.v1.cni.cncf.io/networks": networks}
    api.lists["/api/v1/pods"].append({"metadata": {"namespace": namespace, "name": name, "annotations": annotations}})


def writes(api):
    """Return the requests that change something: method, path, query."""
    return [entry for entry in api.requests if entry[0] not in ("GET", "POST")]
