#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module multus_node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multus_node
short_description: Files of Multus on a node
version_added: 1.0.0
description:
  - Runs on a node. Writes the declared configurations of networks, and removes what other layouts of Multus left, or,
    with O(state=absent), everything that Multus wrote.
  - Configurations of other CNIs are never touched, but those that an exclusive Cilium renamed get their names back, and
    one that lies in two directories stays in one.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    support: full
    platforms: posix
options:
  state:
    description: Whether Multus is to be there.
    type: str
    choices: [present, absent]
    default: present
  networks:
    description: Texts of files in C(/etc/cni/multus/net.d) by name. Ours that are not among them are removed.
    type: dict
    default: {}
  fail_closed:
    description:
      - Takes the primary CNI's configuration out of O(cni_conf_dir), so that pods cannot start while Multus is away. It
        is done only where that lies in C(/etc/cni/primary.d) too, and O(cni_conf_dir) leads there through Multus.
    type: bool
    default: false
  primary_config:
    description: File name of the primary CNI's configuration.
    type: str
    default: 05-cilium.conflist
  cni_conf_dir:
    description: Directory of the node's CNI configuration.
    type: path
    default: /etc/cni/net.d
  cni_bin_dir:
    description: Directory of the node's CNI plugins.
    type: path
    default: /opt/cni/bin
extends_documentation_fragment:
  - eks_anywhere.network.attributes
notes:
  - Needs root on the node.
  - What is ours is noted in C(/var/lib/eks-anywhere-network/multus.json).
seealso:
  - module: eks_anywhere.network.network_attachments
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Remove what the thin plugin left
  eks_anywhere.network.multus_node:
  become: true
"""

RETURN = r"""
written:
  description: Files that were written.
  type: list
  elements: str
  returned: success
removed:
  description: Files and directories that were removed.
  type: list
  elements: str
  returned: success
restored:
  description: Files that got back the name that Cilium had taken from them.
  type: list
  elements: str
  returned: success
left:
  description: Configurations of networks that are not ours.
  type: list
  elements: str
  returned: success
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import multus_node
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "networks": {"type": "dict", "default": {}},
            "fail_closed": {"type": "bool", "default": False},
            "primary_config": {"type": "str", "default": "05-cilium.conflist"},
            "cni_conf_dir": {"type": "path", "default": "/etc/cni/net.d"},
            "cni_bin_dir": {"type": "path", "default": "/opt/cni/bin"},
        },
        supports_check_mode=True,
    )
    given = module.params
    places = multus_node.Places(
        conf=given["cni_conf_dir"].strip("/"), bin=given["cni_bin_dir"].strip("/"), primary=given["primary_config"]
    )

    def work() -> dict[str, object]:
        change = multus_node.plan(places, given["networks"], given["state"] == "present", given["fail_closed"])
        result = multus_node.result(places, change)
        if change and not module.check_mode:
            multus_node.apply(places, given["networks"], change)
        return result

    run(module, work)


if __name__ == "__main__":
    main()
