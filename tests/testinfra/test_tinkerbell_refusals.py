"""What would fail on the hardware is refused, with every reason; machines in use are imaged anew only by consent."""

from __future__ import annotations

import copy
import json

import pytest
import tinkerbell
import yaml
from plays import play

HARDWARE = "hardware.tinkerbell.org"
TEMPLATES = "tinkerbelltemplateconfigs.anywhere.eks.amazonaws.com"
OWNER = "v1alpha1.tinkerbell.org/ownerName"
SITE = yaml.safe_load((tinkerbell.SCENARIO / "vars" / "machines.yml").read_text())
PASSWORDS = [one["bmc_password"] for one in SITE["tinkerbell_hardware_machines"] if "bmc_password" in one]


@pytest.fixture
def site(tmp_path):
    """The right variables of the scenario, for files below a directory of the test's own."""
    more = {
        "eks_anywhere_version": "v0.24.1",
        "tinkerbell_hardware_cluster_file": str(tinkerbell.SCENARIO / "files" / "mycluster.cluster"),
        "tinkerbell_hardware_output_dir": str(tmp_path / "out"),
    }
    return copy.deepcopy(SITE) | more


@pytest.fixture
def provision(project, lab):
    """Run the playbook; no password may be in what Ansible said of it."""

    def run(variables, **options):
        done = play(project, "provision", variables, **options)
        assert not any(secret in json.dumps(done.account, ensure_ascii=False) for secret in PASSWORDS)
        return done

    return run


def machine(site, name):
    (found,) = (one for one in site["tinkerbell_hardware_machines"] if one["hostname"] == name)
    return found


def group(site, name):
    (found,) = (one for one in site["tinkerbell_hardware_groups"] if one["name"] == name)
    return found


def refusal(done):
    """The one message with which it failed; nothing was changed."""
    assert (done.code, done.changed) == (2, [])
    (message,) = done.failures
    return message


def test_all_that_is_wrong_at_once(provision, site, tmp_path):
    machine(site, "eksa-wk01")["netmask"] = "255.0.255.0"
    machine(site, "eksa-wk02")["interfaces"].pop()
    machine(site, "eksa-edge01")["labels"] = {"type": "worker"}
    site["eks_anywhere_version"] = "v0.21.0"
    message = refusal(provision(site))
    for words in (
        "eks_anywhere_version: it is no version whose templates are known here (got v0.21.0)",
        "machines[1].netmask: it is no netmask (got 255.0.255.0)",
        "machines with type=edge are too few for mycluster-edge (got 0, wanted 1)",
    ):
        assert words in message
    assert not (tmp_path / "out").exists()


def test_machines_of_a_group_that_differ(provision, site):
    machine(site, "eksa-wk02")["interfaces"].pop()
    group(site, "mycluster-edge")["network"] = {"bonds": {"bond0": {"interfaces": ["boot", "eth9"]}}}
    message = refusal(provision(site))
    assert "eksa-wk02 has no storage, as eksa-wk01 of group mycluster-workers has" in message
    assert "groups[2].network.bonds.bond0.interfaces[1]" in message


def test_a_network_that_no_machine_will_have(provision, site):
    site["tinkerbell_hardware_networks"][0]["config"]["master"] = "eth3"
    site["tinkerbell_hardware_networks"][1].pop("node_selector")
    message = refusal(provision(site))
    assert "attachments[0].config.master: eth3 is not there on eksa-wk01, eksa-wk02" in message
    assert "attachments[1].config.master: radio is not there on eksa-edge01" in message


def test_a_disk_that_old_versions_write_over(provision, site):
    machine(site, "eksa-cp01")["disk"] = "/dev/mmcblk0"
    assert "would write over the whole disk" in refusal(provision(site))
    assert provision(site | {"eks_anywhere_version": "v0.25.0"}, check=True).code == 0


def test_no_management_cluster(provision, site):
    site |= {"tinkerbell_hardware_state": "present", "tinkerbell_hardware_kubeconfig": "/nonexistent/kubeconfig"}
    assert "/nonexistent/kubeconfig" in refusal(provision(site))


def test_templates_in_a_file_need_consent(provision, site, tmp_path):
    assert provision(site).code == 0
    files = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    message = refusal(provision(site | {"eks_anywhere_version": "v0.26.1"}))
    for words in (
        "template mycluster-workers is in use, and a change images anew 2 machines: eksa-wk01, eksa-wk02",
        "has no netmaskToCIDR, so nothing would be rendered; netmaskToPrefixLength takes its place",
        "metadata is served at port 7172, not 50061",
        "tinkerbell_hardware_allow_reprovision",
    ):
        assert words in message
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files
    moved = provision(site | {"eks_anywhere_version": "v0.26.1", "tinkerbell_hardware_allow_reprovision": "yes"})
    assert moved.code == 0
    assert "netmaskToPrefixLength" in (tmp_path / "out" / "mycluster.cluster").read_text()


def test_machines_that_a_cluster_has_taken(provision, site, kubectl, read):
    site["tinkerbell_hardware_state"] = "present"
    assert provision(site).code == 0

    kubectl("label", "-n", "eksa-system", HARDWARE, "eksa-wk02", f"{OWNER}=mycluster-md-0-x")
    booted = [
        {"op": "replace", "path": f"/spec/interfaces/{place}/netboot/allowPXE", "value": False} for place in range(5)
    ]
    kubectl("patch", "-n", "eksa-system", HARDWARE, "eksa-wk02", "--type=json", "-p", json.dumps(booted))
    kubectl("patch", "-n", "eksa-system", HARDWARE, "eksa-wk02", "--type=merge", "-p", '{"spec":{"userData":"#cloud"}}')

    group(site, "mycluster-workers")["network"]["ethernets"]["eth3"]["mtu"] = 1400
    site["tinkerbell_hardware_networks"].pop()
    before = read(TEMPLATES, "mycluster-workers", "-n", "default")
    message = refusal(provision(site))
    assert "template mycluster-workers is in use, and a change images anew eksa-wk02 (" in message
    assert "eksa-wk01" not in message
    assert read(TEMPLATES, "mycluster-workers", "-n", "default") == before

    machine(site, "eksa-wk02")["disk"] = "/dev/sdb"
    message = refusal(provision(site | {"tinkerbell_hardware_allow_reprovision": True}))
    assert "Hardware eksa-wk02 spec.disks: the machine is provisioned" in message
    machine(site, "eksa-wk02")["disk"] = "/dev/nvme0n1"

    for name, last in (("eksa-wk01", "04"), ("eksa-wk02", "05")):
        machine(site, name)["interfaces"].append({"name": "eth4", "mac": f"CC:48:3A:00:04:{last}"})
    done = provision(site | {"tinkerbell_hardware_allow_reprovision": True})
    assert done.code == 0
    taken = read(HARDWARE, "eksa-wk02", "-n", "eksa-system")
    assert taken["spec"]["userData"] == "#cloud"
    assert taken["metadata"]["labels"][OWNER] == "mycluster-md-0-x"
    by_mac = {entry["dhcp"].get("mac"): entry["netboot"]["allowPXE"] for entry in taken["spec"]["interfaces"]}
    assert by_mac[machine(site, "eksa-wk02")["mac"].lower()] is False
    assert "cc:48:3a:00:04:05" in by_mac
    assert "mtu: 1400" in json.dumps(read(TEMPLATES, "mycluster-workers", "-n", "default"))
    assert provision(site).changed == []
