"""The files of a host's own network."""

from __future__ import annotations

import configparser
import json

import pytest
import yaml
from ansible_collections.eks_anywhere.network.lab import netfiles, settings
from ansible_collections.eks_anywhere.network.lab.settings import Choices, SettingsError
from ansible_collections.eks_anywhere.network.lab.shell import LabError

MACHINE = settings.MACHINES[0]
FIRST, SECOND, THIRD = MACHINE.macs()


def netplan(files, name):
    (file,) = (file for file in files if file.path == f"etc/netplan/{name}.yaml")
    return yaml.safe_load(file.text)["network"], file.mode


def keyfile(files, name):
    (file,) = (file for file in files if file.path.endswith(f"/{name}"))
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(file.text)
    return {section: dict(parser[section]) for section in parser.sections()}, file.mode


def test_the_first_nic_of_a_machine_is_configured_as_eks_anywhere_does_it():
    network, mode = netplan(netfiles.networkd(MACHINE), "config")
    assert network == {
        "version": 2,
        "renderer": "networkd",
        "ethernets": {
            "id0": {
                "match": {"macaddress": FIRST},
                "addresses": ["172.30.0.31/24"],
                "nameservers": {"addresses": ["172.30.0.1"]},
                "routes": [{"to": "default", "via": "172.30.0.1"}],
            }
        },
    }
    assert mode == 0o644


def test_the_other_nics_of_a_machine_get_their_names_by_hardware_address():
    network, _mode = netplan(netfiles.networkd(MACHINE), "lab-secondary")
    assert {name: (nic["match"], nic["set-name"]) for name, nic in network["ethernets"].items()} == {
        "eth1": ({"macaddress": SECOND}, "eth1"),
        "eth2": ({"macaddress": THIRD}, "eth2"),
    }
    assert network["ethernets"]["eth1"]["addresses"] == ["172.30.1.31/24"]
    assert network["ethernets"]["eth2"]["addresses"] == []


def test_a_container_matches_by_name():
    files = netfiles.container(settings.NODES[1])
    config, mode = netplan(files, "config")
    assert config["ethernets"]["id0"]["match"] == {"name": "eth0"}
    assert config["ethernets"]["id0"]["addresses"] == ["172.30.0.21/24"]
    assert mode == 0o600
    assert set(netplan(files, "lab-secondary")[0]["ethernets"]) == {"eth1", "eth2"}


def test_networkmanager_gets_one_secret_keyfile_per_nic_and_the_first_has_the_default_route():
    files = netfiles.networkmanager(MACHINE)
    first, mode = keyfile(files, "static-connection.nmconnection")
    assert first["ethernet"] == {"mac-address": FIRST}
    assert first["ipv4"] == {
        "method": "manual",
        "address1": "172.30.0.31/24",
        "gateway": "172.30.0.1",
        "dns": "172.30.0.1;",
    }
    assert first["ipv6"] == {"method": "ignore"}
    assert mode == 0o600
    second, _mode = keyfile(files, "lab-eth1.nmconnection")
    assert (second["ethernet"], second["ipv4"]) == (
        {"mac-address": SECOND},
        {"method": "manual", "address1": "172.30.1.31/24"},
    )
    third, _mode = keyfile(files, "lab-eth2.nmconnection")
    assert (third["ethernet"], third["ipv4"]) == ({"mac-address": THIRD}, {"method": "disabled"})


@pytest.mark.parametrize(("name", "mac"), [("eth1", SECOND), ("eth2", THIRD)])
def test_beside_networkmanager_udev_names_the_other_nics(name, mac):
    link, mode = keyfile(netfiles.networkmanager(MACHINE), f"10-{name}.link")
    assert link == {"Match": {"permanentmacaddress": mac}, "Link": {"name": name}}
    assert mode == 0o644


def test_every_choice_of_network_has_its_files():
    assert set(netfiles.MACHINE) == {"networkd", "networkmanager"}


def test_given_files_take_the_place_of_the_labs_own(tmp_path):
    machine = settings.MACHINES[0]
    given = tmp_path / "files.json"
    given.write_text(json.dumps({"vm1": {"/etc/netplan/config.yaml": ["0640", "text"]}}))
    choices = Choices.read({"lab_vm_files": str(given)})
    assert netfiles.of_machine(machine, choices) == [netfiles.File("etc/netplan/config.yaml", "text", 0o640)]
    assert netfiles.of_machine(machine, Choices.read({})) == netfiles.networkd(machine)
    with pytest.raises(LabError, match=r"has no files of vm2\. Add them\."):
        netfiles.of_machine(settings.MACHINES[1], choices)
    with pytest.raises(SettingsError, match=r"lab_vm_files: no such file"):
        Choices.read({"lab_vm_files": str(tmp_path / "none")})
