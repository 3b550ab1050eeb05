# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin hardware_csv."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hardware_csv
short_description: Machines of hardware.csv or of a management cluster
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Makes an inventory of the C(hardware.csv) of EKS Anywhere, or of the Hardware objects of its management cluster.
  - Every machine is a host of the group C(hardware), and of one group for each of its labels. The label C(type=cp)
    makes the group C(type_cp).
  - Hardware objects that a cluster has taken are in the group C(hardware_provisioned), the others in
    C(hardware_available).
  - The variables are C(ansible_host), C(hardware_labels) with all labels, and one for each other column, such as
    C(hardware_mac). The NICs beside the one that boots are in C(hardware_interfaces).
  - Passwords are never in the inventory. Those of a file are read and dropped, those of a cluster are not asked for.
  - A file is checked as the module M(eks_anywhere.network.hardware_csv) does. One that has an error makes no hosts.
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices:
      - eks_anywhere.network.hardware_csv
  src:
    description:
      - Path of C(hardware.csv), from the directory of the inventory file. It may be encrypted by Ansible Vault.
      - If not given, the management cluster is asked.
    type: str
  kubeconfig:
    description:
      - Path of the kubeconfig of the management cluster.
      - If not given, E(KUBECONFIG) is used, then C(~/.kube/config).
    type: path
    env:
      - name: K8S_AUTH_KUBECONFIG
  context:
    description:
      - Context of the kubeconfig to use.
      - If not given, the current context of the file.
    type: str
    env:
      - name: K8S_AUTH_CONTEXT
  namespace:
    description: Namespace of the Hardware objects.
    type: str
    default: eksa-system
extends_documentation_fragment:
  - constructed
requirements:
  - The Python library C(kubernetes) 24.2.0 or newer, to ask a management cluster.
notes:
  - The name of the inventory file ends in C(hardware_csv.yml) or C(hardware_csv.yaml).
  - A path that ends in C(.csv) is an inventory by itself where C(enable_plugins) in section C([inventory]) of
    C(ansible.cfg) has C(eks_anywhere.network.hardware_csv).
  - The user needs to list C(hardware.tinkerbell.org) in O(namespace).
seealso:
  - module: eks_anywhere.network.hardware_csv
"""

EXAMPLES = r"""
# site.hardware_csv.yml: the machines of a file
plugin: eks_anywhere.network.hardware_csv
src: hardware.csv
groups:
  control_plane: hardware_labels.type == 'cp'
  workers: hardware_labels.type == 'worker'
compose:
  ansible_user: "'ec2-user'"

---
# cluster.hardware_csv.yml: the machines that a management cluster knows
plugin: eks_anywhere.network.hardware_csv
kubeconfig: ~/mgmt/mgmt-eks-a-cluster.kubeconfig
groups:
  nodes: "'hardware_provisioned' in group_names"
"""

from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_hosts import (
    Host,
    from_cluster,
    from_csv,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Hosts and groups of the machines."""

    NAME = "eks_anywhere.network.hardware_csv"
    # No value is a template: hardware_hosts refuses that. Without this ansible-inventory marks every value as unsafe.
    trusted_by_default = True

    def verify_file(self, path: str) -> bool:
        """Say whether the file is one of ours, by its name."""
        names = (".csv", "hardware_csv.yml", "hardware_csv.yaml")
        return bool(super().verify_file(path)) and path.endswith(names)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Add the machines to the inventory. Raises AnsibleParserError with everything that is wrong."""
        super().parse(inventory, loader, path, cache)
        if path.endswith(".csv"):
            self.set_options(direct={"plugin": self.NAME, "src": path})
        else:
            self._read_config_data(path)
        try:
            hosts = self._hosts(Path(path).parent)
        except NetworkError as error:
            raise AnsibleParserError(str(error)) from error
        for host in hosts:
            self._add(host)

    def _hosts(self, folder: Path) -> list[Host]:
        src = self.get_option("src")
        if src:
            source = str(folder / Path(src).expanduser())
            return from_csv(Path(self.loader.get_real_file(source)).read_bytes(), source)
        return from_cluster(
            Cluster(self.get_option("kubeconfig"), self.get_option("context")), self.get_option("namespace")
        )

    def _add(self, host: Host) -> None:
        self.inventory.add_host(host.name)
        for name, value in host.variables.items():
            self.inventory.set_variable(host.name, name, value)
        for name in host.groups:
            group = self.inventory.add_group(self._sanitize_group_name(name))
            self.inventory.add_child(group, host.name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), host.variables, host.name, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), host.variables, host.name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), host.variables, host.name, strict)
