"""Multus and networks that would fail silently are refused, with every reason, and nothing is changed."""

from __future__ import annotations

import json

import pytest
import testinfra
import yaml
from plays import play

CLUSTERS = "clusters.anywhere.eks.amazonaws.com"


def macvlan(name, **changes):
    """A network that works, changed."""
    ipam = changes.pop("ipam", {"type": "whereabouts", "range": "10.77.0.0/24"})
    given = {"cniVersion": "0.3.1", "type": "macvlan", "master": "eth1", "ipam": ipam, **changes}
    return {"name": name, "namespace": "shop", "config": given}


LOCAL = {"type": "host-local", "subnet": "10.77.0.0/24"}
STATIC = {"type": "static", "addresses": [{"address": "10.77.0.1/24"}]}
VARIABLES = {
    "Multus before its daemonset": (
        {"multus_version": "4.2.2", "multus_image": "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.2-thick"},
        ["multus_version: must be a version from 4.2.3 on (got 4.2.2). Older ones need another daemonset."],
    ),
    "image and daemonset of two releases, and no time": (
        {"multus_image": "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.1.4-thick", "multus_wait_timeout": 0},
        ["multus_image: must be of version 4.3.0 (got ", "multus_wait_timeout: must be at least 1 second (got 0)"],
    ),
    "a path for the primary configuration": (
        {"multus_primary_config": "/etc/cni/net.d/05-cilium.conflist"},
        ["multus_primary_config: must be the bare file name"],
    ),
    "API server down": ({"multus_kubeconfig": "{closed}"}, ["172.30.0.11:6999"]),
}
NETWORKS = {
    "one range for three nodes": (
        [macvlan("a", ipam=LOCAL)],
        [
            "attachments[0].config.ipam",
            "host-local on each of 3 nodes gives out the same addresses (on cp1, w1, w2)",
        ],
    ),
    "a master that no node has": (
        [macvlan("a", master="eth7", ipam=STATIC)],
        ["attachments[0].config.master", "eth7", "cp1, w1, w2"],
    ),
    "a plugin and an IPAM that no node has": (
        [{**macvlan("a", type="sriov", ipam={"type": "nodelocal"})}],
        ["attachments[0].config.type", "sriov", "attachments[0].config.ipam.type", "nodelocal"],
    ),
    "several at once, each by its path": (
        [
            macvlan("Upper", ipam=STATIC),
            macvlan("b", mode="brigde", ipam=STATIC),
            macvlan("c", mtu=9000, ipam=STATIC),
            macvlan("d", ipam={**LOCAL, "rangeStart": "10.77.0.0"}),
        ],
        [
            "attachments[0].name",
            "attachments[1].config.mode",
            "brigde",
            "attachments[2].config.mtu",
            "attachments[3].config.ipam.rangeStart",
        ],
    ),
    "addresses of the nodes' own network": (
        [macvlan("a", ipam={"type": "static", "addresses": [{"address": "172.30.0.99/24"}]})],
        ["attachments[0].config.ipam", "172.30.0"],
    ),
    "two networks with the same addresses": (
        [
            {**macvlan("a", ipam=LOCAL), "ipam_per_node": True},
            {**macvlan("b", ipam=LOCAL), "ipam_per_node": True},
        ],
        ["attachments[1].config.ipam", "attachments[0]"],
    ),
}


@pytest.fixture(scope="module")
def closed(lab, tmp_path_factory):
    """A kubeconfig of a port that nobody listens on."""
    path = tmp_path_factory.mktemp("kubeconfigs") / "closed"
    path.write_text(testinfra.get_host("local://").file(lab["KUBECONFIG"]).content_string.replace(":6443", ":6999"))
    return str(path)


@pytest.fixture(scope="module")
def traces(lab, read):
    """Return a function that says what Multus would leave: objects of the cluster, files of the nodes."""

    def look():
        objects = [item["metadata"]["name"] for item in read("customresourcedefinitions")]
        objects += [item["metadata"]["name"] for item in read("daemonsets", "-n", "kube-system")]
        files = [
            testinfra.get_host(f"ssh://{name}", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True).check_output(
                "ls /etc/cni/net.d /opt/cni/bin; ls -d /etc/cni/multus /var/lib/eks-anywhere-network 2>&1 || true"
            )
            for name in ("cp1", "w1", "w2")
        ]
        return sorted(objects), files

    return look


@pytest.fixture
def refused(project, traces):
    """Return a function that runs the playbook, which must fail without a trace, and gives what it said."""

    def run(variables):
        seen = traces()
        done = play(project, "multus", variables, timeout=60)
        assert done.code != 0
        assert done.changed == []
        assert traces() == seen
        return "\n".join(done.failures)

    return run


@pytest.mark.parametrize("case", VARIABLES)
def test_variables(case, refused, closed):
    variables, expected = VARIABLES[case]
    said = refused(json.loads(json.dumps(variables).replace("{closed}", closed)))
    assert [text for text in expected if text not in said] == [], said


@pytest.mark.parametrize("case", NETWORKS)
def test_networks(case, refused):
    networks, expected = NETWORKS[case]
    said = refused({"multus_networks": networks})
    assert [text for text in expected if text not in said] == [], said


@pytest.fixture
def binary_away(lab):
    """macvlan is not there on w2."""
    host = testinfra.get_host("ssh://w2", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True)
    host.check_output("mv /opt/cni/bin/macvlan /opt/cni/bin/.macvlan-away")
    yield
    host.check_output("mv /opt/cni/bin/.macvlan-away /opt/cni/bin/macvlan")


@pytest.mark.usefixtures("binary_away")
def test_a_plugin_that_one_node_lacks(refused):
    said = refused({"multus_networks": [macvlan("a", ipam=STATIC)]})
    assert "macvlan" in said
    assert "w2" in said
    assert "w1" not in said


@pytest.fixture
def no_carrier(lab):
    """The second NIC of w1 has no link."""
    host = testinfra.get_host("ssh://w1", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True)
    host.check_output("ip link set eth2 down")
    yield
    host.check_output("ip link set eth2 up")


@pytest.mark.usefixtures("no_carrier")
def test_a_master_without_a_link(refused):
    said = refused({"multus_networks": [macvlan("a", master="eth2", ipam=STATIC)]})
    assert "attachments[0].config.master" in said
    assert "w1" in said


@pytest.fixture
def exclusive(kubectl):
    """Cilium's configuration says that it moves other configurations away. No agent reads it anew."""

    def say(value):
        patch = json.dumps({"data": {"cni-exclusive": value}})
        kubectl("-n", "kube-system", "patch", "configmap", "cilium-config", "--type=merge", "-p", patch)

    say("true")
    yield
    say("false")


@pytest.mark.usefixtures("exclusive")
def test_a_cilium_that_moves_other_configurations_away(refused):
    said = refused({})
    assert "cilium-config cni-exclusive: Cilium moves every other CNI configuration away" in said
    assert "multus_configure_cilium: true" in said


@pytest.fixture
def vsphere(project, kubectl):
    """The EKS Anywhere Cluster is one of vSphere."""
    path = str(project / "lab" / "start" / "eks-anywhere-crds.yml")
    kubectl("apply", "-f", path)
    kubectl("wait", "--for=condition=Established", f"crd/{CLUSTERS}", "--timeout=30s")
    manifest = yaml.safe_load((project / "lab" / "start" / "eks-anywhere-cluster.yml").read_text())
    manifest["spec"]["datacenterRef"] = {"kind": "VSphereDatacenterConfig", "name": "practice"}
    kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    yield
    kubectl("delete", "-f", path)


@pytest.mark.usefixtures("vsphere")
def test_a_cluster_that_is_not_bare_metal(refused):
    said = refused({})
    assert "EKS Anywhere supports Multus on bare metal only (got datacenterRef.kind VSphereDatacenterConfig)" in said


def test_in_check_mode_it_says_what_it_would_do(project, traces):
    seen = traces()
    done = play(project, "multus", check=True)
    assert done.code == 0
    assert traces() == seen
    assert done.fact("multus_result")["action"] == "install"
    assert {item["name"] for item in done.fact("multus_result")["networks"]} == {"storage", "radio"}
