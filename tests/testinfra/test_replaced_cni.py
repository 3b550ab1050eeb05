"""After replace_cni: nothing of Cilium on the cluster and the nodes, and pods that the other CNI connects."""

from __future__ import annotations

import ipaddress
import json

CRDS = "customresourcedefinitions"
MARK = "eks-anywhere-lab/replaced"


def test_no_object_of_cilium_is_left(read):
    names = [item["metadata"]["name"] for item in read("all,configmaps,secrets,serviceaccounts", "-n", "kube-system")]
    assert [name for name in names if name.startswith(("cilium", "hubble"))] == []
    names = [item["metadata"]["name"] for item in read("clusterroles,clusterrolebindings,namespaces,ingressclasses")]
    assert [name for name in names if name.startswith(("cilium", "hubble"))] == []
    for kind in ("ciliumendpoints", "ciliumidentities", "ciliumnodes"):
        assert read(kind, "--all-namespaces") == [], kind


def test_policies_of_users_stay(read):
    assert [item["metadata"]["name"] for item in read("ciliumnetworkpolicies", "-n", "shop")] == ["web-egress"]


def test_no_link_is_left(node):
    links = {link["ifname"] for link in json.loads(node.check_output("ip -j link show"))}
    assert {link for link in links if link.startswith(("cilium", "lxc"))} == set()


def test_no_program_is_left(node):
    found = node.run("find /sys/fs/bpf -name 'cil*'").stdout.split()
    assert found == []
    for side in ("ingress", "egress"):
        assert "cil_" not in node.check_output(f"tc filter show dev eth0 {side}")
    assert "cil_" not in node.check_output("ip -d link show dev eth0")


def test_no_chain_is_left(node):
    for program in ("iptables-save", "ip6tables-save"):
        assert "CILIUM" not in node.check_output(program)
    assert "KUBE-SERVICES" in node.check_output("iptables-save")


def test_routing_rules_are_the_kernels_own(node):
    for family in ("-4", "-6"):
        rules = [(rule["priority"], rule["table"]) for rule in json.loads(node.check_output(f"ip -j {family} rule"))]
        assert rules in ([(0, "local"), (32766, "main"), (32767, "default")], [(0, "local"), (32766, "main")])


def test_no_file_is_left(node):
    for path in (
        "/etc/cni/net.d/05-cilium.conflist",
        "/opt/cni/bin/cilium-cni",
        "/etc/sysctl.d/99-zzz-override_cilium.conf",
        "/run/cilium",
        "/var/lib/cilium",
    ):
        assert not node.file(path).exists, path
    assert node.file("/etc/cni/net.d/20-ptp.conflist").exists
    assert "cilium" not in node.file("/proc/self/mounts").content_string


def test_pods_have_addresses_of_the_other_cni_and_reach_each_other(kubectl, read):
    ranges = {item["metadata"]["name"]: ipaddress.ip_network(item["spec"]["podCIDR"]) for item in read("nodes")}
    kubectl("rollout", "status", "daemonset/web", "-n", "shop", "--timeout=60s")
    pods = [pod for pod in read("pods", "-n", "shop") if not pod["metadata"].get("deletionTimestamp")]
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods}
    assert len(addresses) == 2
    for pod in pods:
        assert ipaddress.ip_address(pod["status"]["podIP"]) in ranges[pod["spec"]["nodeName"]]
        others = [address for name, address in addresses.items() if name != pod["metadata"]["name"]]
        for address in (*others, "web.shop"):
            if address == "web.shop":
                address = read("service", "web", "-n", "shop")["spec"]["clusterIP"] + ":80"
            else:
                address += ":8080"
            fetch = f"import urllib.request as r; print(r.urlopen('http://{address}/', timeout=5).status)"
            said = kubectl("exec", "-n", "shop", pod["metadata"]["name"], "--", "python3", "-c", fetch)
            assert said.strip() == "200", address


def test_no_machine_was_replaced_and_no_cilium_installed(read, kubectl):
    assert [node["metadata"]["name"] for node in read("nodes") if MARK in node["metadata"].get("annotations", {})] == []
    cluster = read("clusters.anywhere.eks.amazonaws.com", "practice")
    conditions = {item["type"]: item.get("reason") for item in cluster["status"]["conditions"]}
    assert conditions["DefaultCNIConfigured"] == "SkipUpgradesForDefaultCNIConfigured"
    assert cluster["status"]["reconciledGeneration"] == cluster["metadata"]["generation"]


def test_everything_goes_on(read):
    cluster = read("clusters.anywhere.eks.amazonaws.com", "practice")
    annotations = cluster["metadata"]["annotations"]
    assert "anywhere.eks.amazonaws.com/eksa-cilium" in annotations
    assert not [key for key in annotations if key.endswith("/paused")]
    machines = read("clusters.cluster.x-k8s.io", "practice", "-n", "eksa-system")
    assert not machines["spec"].get("paused")
    record = read("configmap", "eks-anywhere-network-replace-cni", "-n", "kube-system")["data"]
    assert record["phase"] == "done"
    names = [item["metadata"]["name"] for item in read("secrets", "-n", "kube-system")]
    assert "eks-anywhere-network-cilium-backup" not in names
