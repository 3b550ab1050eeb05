"""What must not work: with which message, all at once, and before any node is changed."""

from __future__ import annotations

import contextlib

import probes
import pytest
from plays import play
from probes import ADDRESSES

QUICK = {"network_check_flows": False}
FIREWALLD = (
    "[Service]\nExecStart=/bin/sleep infinity\n",
    "/run/systemd/system/firewalld.service",
)
DPKG = "/usr/local/sbin/dpkg-query"
UFW = "/etc/ufw/ufw.conf"
NFT = "/usr/sbin/nft"

VARIABLES = {
    "nobody knows which addresses machines get": (
        {"node_firewall_node_cidrs": []},
        [
            "node_cidrs: which addresses machines have, or get when they join, is not known. "
            "Give node_cidrs or machines, those not yet joined included, or consent with allow_present_nodes_only."
        ],
    ),
    "a node that would be cut off": (
        {"node_firewall_node_cidrs": ["172.30.0.11", "172.30.0.21"]},
        ["node_cidrs: node w2 has the address 172.30.0.22, which is in none of them. Add it"],
    ),
    "several mistakes at once": (
        {
            "node_firewall_admin_sources": ["172.30.0.1/24"],
            "node_firewall_extra_rules": [
                {"name": "Upper", "proto": "tcp", "ports": [70000], "from": "any"},
                {"name": "ping", "proto": "icmp", "ports": [8], "from": "nobody"},
            ],
        },
        [
            "admin_sources[0]: the address lies within the network (got 172.30.0.1/24). Write 172.30.0.0/24",
            "extra_rules[0].name: it is no name of a rule (got Upper)",
            "extra_rules[0].ports[0]: it is no port (got 70000)",
            "extra_rules[1].from: it is no address (got nobody)",
            "extra_rules[1].ports: icmp has no ports (got [8])",
        ],
    ),
    "hosts of no role": (
        {"node_firewall_roles": []},
        ["node_firewall_roles: must be some of control_plane, worker and tinkerbell (got [])"],
    ),
    "no time to confirm": (
        {"node_firewall_confirm_timeout": 5},
        ["confirm_timeout: nothing can be confirmed that fast (got 5). Give 10 seconds or more."],
    ),
}


@pytest.fixture(autouse=True)
def _nothing_was_changed(lab):
    """No node has a table, a file or a pending change of ours."""
    yield
    for name in ADDRESSES:
        place = probes.node(lab, name)
        assert "eks_anywhere_network" not in place.run("nft", "list", "tables").stdout
        assert place.run("find", "/etc", "-name", "*eks-anywhere-network*", "-not", "-name", "*guard*").stdout == ""


@contextlib.contextmanager
def file(place, path, text, mode="644"):
    """A file of a node, for as long as it is needed."""
    place.run("sh", "-c", f"mkdir -p $(dirname {path}) && printf %s '{text}' > {path} && chmod {mode} {path}")
    try:
        yield
    finally:
        place.run("rm", path)


@contextlib.contextmanager
def firewalld(place, version):
    """A service of that name that runs, and a package manager that knows its version."""
    text, path = FIREWALLD
    with file(place, path, text), file(place, DPKG, f"#!/bin/sh\necho installed firewalld {version}-1\n", "755"):
        place.run("systemctl", "start", "firewalld.service")
        try:
            yield
        finally:
            place.run("systemctl", "stop", "firewalld.service")
    place.run("systemctl", "daemon-reload")


@pytest.mark.parametrize("name", VARIABLES)
def test_refused(project, name):
    variables, messages = VARIABLES[name]
    done = play(project, "node_firewall", {**QUICK, **variables}, timeout=60)
    assert done.code != 0
    assert done.changed == []
    for message in messages:
        assert any(message in told for told in done.failures), (message, done.failures)


def test_an_old_firewalld_is_refused_on_one_node_before_any_is_changed(lab, project):
    with firewalld(probes.node(lab, "w2"), "1.3.4"):
        done = play(project, "node_firewall", QUICK)
    assert (done.code != 0, done.changed) == (True, [])
    (told,) = done.failures
    assert told == (
        "firewalls.firewalld: firewalld below 2.0 flushes the chains of Kubernetes and Cilium whenever it starts "
        "(got 1.3.4). Upgrade it to 2.0, or stop and disable it: systemctl disable --now firewalld."
    )


def test_others_that_are_respected_are_named(lab, project):
    w1 = probes.node(lab, "w1")
    with firewalld(w1, "2.1.2"), file(w1, UFW, "ENABLED=yes\n"):
        done = play(project, "node_firewall", QUICK, check=True)
    assert done.code == 0
    told = " ".join(warning for _task, result in done.results for warning in result.get("warnings", []))
    assert "firewalls.firewalld: it stays in charge beside this table." in told
    assert "firewalls.ufw: it stays in charge beside this table." in told


def test_a_node_without_nft(lab, project):
    w1 = probes.node(lab, "w1")
    w1.run("mv", NFT, f"{NFT}.away")
    try:
        done = play(project, "node_firewall", QUICK)
    finally:
        w1.run("mv", f"{NFT}.away", NFT)
    assert (done.code != 0, done.changed) == (True, [])
    assert done.failures == ["nft: the node has no nft. Install the package nftables. Do not start its service."]
