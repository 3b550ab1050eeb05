"""Multus as earlier releases' own manifests install it, reduced to what decides an upgrade (deployments/ of v4.1.4)."""

from __future__ import annotations

VERSION = "4.1.4"
IMAGE = f"ghcr.io/k8snetworkplumbingwg/multus-cni:v{VERSION}"
LABELS = {"tier": "node", "app": "multus", "name": "multus"}
NAD = "network-attachment-definitions"


def host_path(name, path, mount, **more):
    """A volume of the DaemonSet, and its mount."""
    return {"name": name, "hostPath": {"path": path}}, {"name": name, "mountPath": mount, **more}


def daemon_set(init, containers, volumes):
    """The DaemonSet that all layouts call by the same name."""
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "kube-multus-ds", "namespace": "kube-system", "labels": LABELS},
        "spec": {
            "selector": {"matchLabels": {"name": "multus"}},
            "updateStrategy": {"type": "RollingUpdate"},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "hostNetwork": True,
                    "hostPID": True,
                    "tolerations": [{"operator": "Exists"}],
                    "serviceAccountName": "multus",
                    "initContainers": init,
                    "containers": containers,
                    "terminationGracePeriodSeconds": 10,
                    "volumes": volumes,
                },
            },
        },
    }


def thin():
    """The thin plugin."""
    (conf, conf_mount), (binary, binary_mount) = (
        host_path("cni", "/etc/cni/net.d", "/host/etc/cni/net.d"),
        host_path("cnibin", "/opt/cni/bin", "/host/opt/cni/bin", mountPropagation="Bidirectional"),
    )
    copy = ["/bin/busybox", "cp", "/usr/src/multus-cni/bin/multus", "/host/opt/cni/bin/multus"]
    secure = {"securityContext": {"privileged": True}}
    init = {"name": "install-multus-binary", "image": IMAGE, "command": copy, "volumeMounts": [binary_mount], **secure}
    main = {
        "name": "kube-multus",
        "image": IMAGE,
        "command": ["/thin_entrypoint"],
        "args": ["--multus-conf-file=auto", "--multus-autoconfig-dir=/host/etc/cni/net.d"]
        + ["--cni-conf-dir=/host/etc/cni/net.d", "--multus-master-cni-file-name=05-cilium.conflist"],
        "volumeMounts": [conf_mount, binary_mount],
        **secure,
    }
    return daemon_set([init], [main], [conf, binary])


CONFIG = """{"chrootDir": "/hostroot", "cniVersion": "0.3.1", "logLevel": "verbose", "logToStderr": true,
"cniConfigDir": "/host/etc/cni/net.d", "multusAutoconfigDir": "/host/etc/cni/net.d", "multusConfigFile": "auto",
"multusMasterCNI": "05-cilium.conflist", "socketDir": "/host/run/multus/"}"""


def thick():
    """The thick plugin before install_multus and the directory of configurations."""
    image = f"{IMAGE}-thick"
    pairs = [
        host_path("cni", "/etc/cni/net.d", "/host/etc/cni/net.d"),
        host_path("cnibin", "/opt/cni/bin", "/opt/cni/bin"),
        host_path("host-run", "/run", "/host/run"),
        host_path("host-run-k8s-cni-cncf-io", "/run/k8s.cni.cncf.io", "/run/k8s.cni.cncf.io"),
        host_path("host-run-netns", "/run/netns", "/run/netns", mountPropagation="HostToContainer"),
        host_path("host-var-lib-cni-multus", "/var/lib/cni/multus", "/var/lib/cni/multus"),
        host_path("host-var-lib-kubelet", "/var/lib/kubelet", "/var/lib/kubelet", mountPropagation="HostToContainer"),
        host_path("hostroot", "/", "/hostroot", mountPropagation="HostToContainer"),
    ]
    config = {"name": "multus-daemon-config", "configMap": {"name": "multus-daemon-config"}}
    mounts = [mount for _volume, mount in pairs]
    mounts.append({"name": config["name"], "mountPath": "/etc/cni/net.d/multus.d", "readOnly": True})
    copy = ["cp", "/usr/src/multus-cni/bin/multus-shim", "/host/opt/cni/bin/multus-shim"]
    install = {"name": "cnibin", "mountPath": "/host/opt/cni/bin", "mountPropagation": "Bidirectional"}
    secure = {"securityContext": {"privileged": True}}
    init = {"name": "install-multus-binary", "image": image, "command": copy, "volumeMounts": [install], **secure}
    main = {
        "name": "kube-multus",
        "image": image,
        "command": ["/usr/src/multus-cni/bin/multus-daemon"],
        "env": [{"name": "MULTUS_NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "volumeMounts": mounts,
        **secure,
    }
    return daemon_set([init], [main], [*(volume for volume, _mount in pairs), config])


def everything(layout):
    """A List of all objects of a layout."""
    rules = [
        {"apiGroups": ["k8s.cni.cncf.io"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["pods", "pods/status"], "verbs": ["get", "list", "update", "watch"]},
        {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    ]
    account = {"kind": "ServiceAccount", "name": "multus", "namespace": "kube-system"}
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"config": {"type": "string"}}}},
    }
    items = [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{NAD}.k8s.cni.cncf.io"},
            "spec": {
                "group": "k8s.cni.cncf.io",
                "scope": "Namespaced",
                "names": {
                    "plural": NAD,
                    "singular": NAD[:-1],
                    "kind": "NetworkAttachmentDefinition",
                    "shortNames": ["net-attach-def"],
                },
                "versions": [
                    {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
                ],
            },
        },
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "multus", "namespace": "kube-system"}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "multus"},
            "rules": rules,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "multus"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "multus"},
            "subjects": [account],
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "multus-daemon-config", "namespace": "kube-system"},
            "data": {"daemon-config.json": CONFIG},
        },
        layout,
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}
