"""Every template renders as Tinkerbell renders it; netplan, keyfiles and objects of a machine say what was declared."""

from __future__ import annotations

import base64
import configparser
import csv
import io
import ipaddress
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
import tinkerbell
import yaml
from test_netplan_accepts import GENERATE

MACHINES = tinkerbell.machines()
CONNECTIONS = "/etc/NetworkManager/system-connections/"


@pytest.fixture(scope="module")
def out():
    """What the role has written."""
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "out"


@pytest.fixture(scope="module")
def rendered(project):
    """(version, family, hostname, workflow) of every machine with every version and family."""
    chosen = [(example, hardware) for example in tinkerbell.examples() for hardware in example["hardware"]]
    answers = tinkerbell.render(project, [tinkerbell.case(*one) for one in chosen])
    assert [answer.get("error") for answer in answers] == [None] * len(chosen)
    return [
        (example["version"], example["family"], hardware["metadata"]["name"], answer["workflow"])
        for (example, hardware), answer in zip(chosen, answers, strict=True)
    ]


def disks(rendered, family):
    """(hostname, {path: (mode, content)}) of every machine of a family."""
    return [(host, tinkerbell.disk_of(workflow)) for _version, kind, host, workflow in rendered if kind == family]


def interface(host, name):
    (found,) = (one for one in MACHINES[host]["interfaces"] if one["name"] == name)
    return found


def address(entry):
    return str(ipaddress.ip_interface(f"{entry['ip_address']}/{entry['netmask']}"))


def test_every_machine_of_every_version_is_rendered(rendered):
    assert len(rendered) == 5 * 2 * len(MACHINES)
    for _version, family, host, workflow in rendered:
        (task,) = workflow["tasks"]
        assert task["worker"] == MACHINES[host]["mac"].lower()
        first, *_others, last = task["actions"]
        assert first["environment"]["DEST_DISK"] == MACHINES[host]["disk"]
        assert (last["name"], last["image"]) == ("reboot", "127.0.0.1/embedded/reboot")
        root = {"ubuntu": 2, "redhat": 1}[family]
        part = f"{MACHINES[host]['disk']}{'p' if 'nvme' in MACHINES[host]['disk'] else ''}{root}"
        written = [one for one in task["actions"] if one["image"].endswith("/writefile")]
        assert {one["environment"]["DEST_DISK"] for one in written} == {part}


def test_a_template_of_another_version_is_not_rendered(project):
    found = {example["version"]: example for example in tinkerbell.examples()}
    for version, stack in (("v0.24.6", "tinkerbell"), ("v0.26.1", "tink-patched"), ("v0.24.6", "tink")):
        example = found[version]
        cases = [tinkerbell.case(example, hardware, stack) for hardware in example["hardware"]]
        assert all('" not defined' in answer["error"] for answer in tinkerbell.render(project, cases))


def test_a_machine_without_its_interfaces_is_not_rendered(project):
    (example, *_others) = tinkerbell.examples()
    (hardware,) = (one for one in example["hardware"] if one["metadata"]["name"] == "eksa-wk01")
    del hardware["spec"]["interfaces"][1:]
    (answer,) = tinkerbell.render(project, [tinkerbell.case(example, hardware)])
    assert "index out of range" in answer["error"]


def test_where_metadata_is(rendered):
    for version, _family, _host, workflow in rendered:
        _mode, text = tinkerbell.disk_of(workflow)["/etc/cloud/cloud.cfg.d/10_tinkerbell.cfg"]
        port = 7172 if version >= "v0.25" else 50061
        urls = yaml.safe_load(text)["datasource"]["Ec2"]["metadata_urls"]
        assert urls == [f"http://10.10.50.1:{port}", f"http://10.10.50.250:{port}"]


@pytest.fixture(scope="module")
def generated(lab, rendered):
    """(hostname, {path: text}) that netplan on w1 makes of every machine's files."""
    chosen = disks(rendered, "ubuntu")
    sent = io.BytesIO()
    with tarfile.open(fileobj=sent, mode="w") as tar:
        for number, (_host, files) in enumerate(chosen):
            for path, (mode, content) in files.items():
                if path.startswith("/etc/netplan/"):
                    member = tarfile.TarInfo(f"{number}{path}")
                    member.size, member.mode = len(content.encode()), int(mode, 8)
                    tar.addfile(member, io.BytesIO(content.encode()))
    words = ["ssh", "-F", lab["LAB_SSH_CONFIG"], "w1", GENERATE]
    answer = subprocess.run(words, input=sent.getvalue(), capture_output=True, check=True, timeout=120).stdout
    found = [{} for _one in chosen]
    with tarfile.open(fileobj=io.BytesIO(answer)) as tar:
        for member in tar:
            number, _slash, path = member.name.removeprefix("./").partition("/")
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                found[int(number)][path] = content.read().decode()
    return [(host, files) for (host, _written), files in zip(chosen, found, strict=True)]


def networkd(files, name):
    """The lines of one file that netplan generated."""
    return files[f"run/systemd/network/10-netplan-{name}"].splitlines()


def test_netplan_takes_every_machine_without_a_word(generated):
    assert len(generated) == 5 * len(MACHINES)
    assert {(files["code"].strip(), files["said"]) for _host, files in generated} == {("0", "")}


def test_the_boot_nic(generated):
    for host, files in generated:
        machine = MACHINES[host]
        nic = networkd(files, "id0.network")
        assert f"PermanentMACAddress={machine['mac'].lower()}" in nic
        where = "bond0.network" if host == "eksa-edge01" else "id0.network"
        lines = networkd(files, where)
        assert f"Address={address(machine)}" in lines
        assert f"Gateway={machine['gateway']}" in lines
        assert [line for line in lines if line.startswith("DNS=")] == [f"DNS={one}" for one in machine["nameservers"]]
        if host == "eksa-edge01":
            assert "Bond=bond0" in nic
            assert not any(line.startswith("Address=") for line in nic)


def test_nics_bonds_and_vlans(generated):
    workers = [(host, files) for host, files in generated if MACHINES[host]["labels"]["type"] == "worker"]
    assert len(workers) == 10
    for host, files in workers:
        for name in ("eth1", "eth2"):
            assert f"PermanentMACAddress={interface(host, name)['mac'].lower()}" in networkd(files, f"{name}.network")
            assert f"Name={name}" in networkd(files, f"{name}.link")
            assert "Bond=bond0" in networkd(files, f"{name}.network")
        assert "Mode=802.3ad" in networkd(files, "bond0.netdev")
        assert {"Name=storage", "Id=100"} <= {*networkd(files, "storage.netdev")}
        assert f"Address={address(interface(host, 'storage'))}" in networkd(files, "storage.network")
        radio = networkd(files, "eth3.network")
        own = interface(host, "eth3")
        assert "Name=radio" in networkd(files, "eth3.link")
        assert {f"Address={address(own)}", "MTUBytes=9000", "Destination=10.77.0.0/16"} <= {*radio}
        assert {f"From={own['ip_address']}", "Table=1000", "Priority=1000"} <= {*radio}


def keyfiles(files):
    """Every keyfile by the name of its connection, read strictly."""
    found = {}
    for path, (mode, text) in files.items():
        if path.startswith(CONNECTIONS):
            assert mode == "0600"
            parser = configparser.RawConfigParser(delimiters=("=",), strict=True)
            parser.optionxform = str
            parser.read_string(text)
            found[parser["connection"]["id"]] = {name: dict(parser.items(name)) for name in parser.sections()}
    return found


def test_keyfiles(rendered):
    for host, files in disks(rendered, "redhat"):
        found = keyfiles(files)
        edge = host == "eksa-edge01"
        assert ("static-connection" in found) is not edge
        boot = found["eks-anywhere-boot" if edge else "static-connection"]
        assert boot["ethernet"]["mac-address"] == MACHINES[host]["mac"].lower()
        addressed = found["eks-anywhere-bond0"] if edge else boot
        assert addressed["ipv4"]["address1"] == address(MACHINES[host])
        assert addressed["ipv4"]["dns"] == "".join(f"{one};" for one in MACHINES[host]["nameservers"])
        uuids = {one["connection"].get("uuid") for one in found.values()}
        names = {one["connection"].get("interface-name") for one in found.values()}
        for one in found.values():
            assert one["connection"].get("master") in {None, *names}
            assert one.get("vlan", {}).get("parent") in {None, *uuids}
        if host.startswith("eksa-wk"):
            assert found["eks-anywhere-storage"]["ipv4"]["address1"] == address(interface(host, "storage"))
            radio, own = found["eks-anywhere-eth3"], interface(host, "eth3")
            assert radio["ethernet"] == {"mac-address": own["mac"].lower(), "mtu": "9000"}
            assert radio["ipv4"]["routing-rule1"] == f"priority 1000 from {own['ip_address']} table 1000"
            _mode, link = files["/etc/systemd/network/10-eks-anywhere-eth3.link"]
            assert {f"MACAddress={own['mac'].lower()}", "Name=radio"} <= {*link.splitlines()}


def test_hardware_at_the_api_server(read):
    found = {one["metadata"]["name"]: one for one in read("hardware.tinkerbell.org", "-n", "eksa-system")}
    assert found.keys() == MACHINES.keys()
    for host, one in found.items():
        machine = MACHINES[host]
        interfaces = one["spec"]["interfaces"]
        assert interfaces[0]["dhcp"]["mac"] == one["spec"]["metadata"]["instance"]["id"] == machine["mac"].lower()
        assert len(interfaces) == 1 + len(machine.get("interfaces", []))
        assert all(set(entry) >= {"dhcp", "netboot"} for entry in interfaces)
        named = {entry["dhcp"].get("iface_name"): entry["dhcp"] for entry in interfaces[1:]}
        for given in machine.get("interfaces", []):
            assert named[given["name"]].get("mac") == (given["mac"].lower() if "mac" in given else None)
            assert named[given["name"]].get("ip", {}).get("address") == given.get("ip_address")


def test_bmcs_at_the_api_server(read):
    with_bmc = {host: one for host, one in MACHINES.items() if "bmc_ip" in one}
    found = {one["metadata"]["name"]: one for one in read("machines.bmc.tinkerbell.org", "-n", "eksa-system")}
    assert found.keys() == {f"bmc-{host}" for host in with_bmc}
    for host, machine in with_bmc.items():
        assert found[f"bmc-{host}"]["spec"]["connection"]["host"] == machine["bmc_ip"]
        secret = read("secret", "-n", "eksa-system", f"bmc-{host}-auth")
        assert base64.b64decode(secret["data"]["password"]).decode() == machine["bmc_password"]


def test_templates_at_the_api_server_are_those_of_the_cluster_file(read, out):
    documents = list(yaml.safe_load_all((out / "mycluster.cluster").read_text()))
    written = {one["metadata"]["name"]: one["spec"] for one in documents if one["kind"] == "TinkerbellTemplateConfig"}
    there = read("tinkerbelltemplateconfigs.anywhere.eks.amazonaws.com", "-n", "default")
    assert {one["metadata"]["name"]: one["spec"] for one in there} == written
    assert len(written) == 3
    configs = {one["metadata"]["name"]: one["spec"] for one in documents if one["kind"] == "TinkerbellMachineConfig"}
    assert {name: spec["templateRef"]["name"] for name, spec in configs.items()} == {name: name for name in written}


def test_the_api_server_takes_the_cluster_file(kubectl, out):
    kubectl("apply", "--dry-run=server", "-n", "default", "-f", str(out / "mycluster.cluster"))


def test_the_cluster_file_keeps_every_other_line_and_comment(out):
    before = (tinkerbell.SCENARIO / "files" / "mycluster.cluster").read_text().splitlines()
    after = iter((out / "mycluster.cluster").read_text().splitlines())
    kept = [line for line in before if line != "  templateRef: {}"]
    assert len(kept) == len(before) - 2
    assert [line for line in kept if line not in after] == []


def test_hardware_csv(out):
    rows = list(csv.DictReader((out / "hardware.csv").open()))
    assert [row["hostname"] for row in rows] == list(MACHINES)
    assert rows[0]["bmc_password"] == MACHINES["eksa-cp01"]["bmc_password"]
    assert {path.name: oct(path.stat().st_mode)[-3:] for path in out.iterdir()} == {
        "hardware.csv": "600",
        "hardware.yaml": "600",
        "mycluster.cluster": "644",
    }
    assert oct(out.stat().st_mode)[-3:] == "700"
