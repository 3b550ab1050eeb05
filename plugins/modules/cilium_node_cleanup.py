#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module cilium_node_cleanup."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_node_cleanup
short_description: Remove what Cilium leaves on a node
version_added: 1.0.0
description:
  - Runs on a node, after Cilium's pods are gone from it. Removes its links, BPF programs and maps, chains of iptables,
    routing rules, ipsets, its file of sysctl settings, its state, its CNI configuration and its CNI plugin.
  - Cilium moves the rule that looks up local addresses from priority 0 to 100. It is put back before anything else, for
    without it the node answers nobody.
  - Harmless on a node that never had Cilium. A run that was broken off is finished by the next one.
  - Pods that still run keep an address that leads nowhere. Restart them when another CNI is there.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    support: full
    platforms: posix
options:
  cni_conf_dir:
    description: Directory of the node's CNI configuration.
    type: path
    default: /etc/cni/net.d
extends_documentation_fragment:
  - eks_anywhere.network.attributes
notes:
  - Needs root on the node.
  - The module fails while the agent answers on the node, and changes nothing.
  - Settings that Cilium's sysctl file has made stay as they are until the next boot.
seealso:
  - module: eks_anywhere.network.cilium_absent
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Remove what Cilium left
  eks_anywhere.network.cilium_node_cleanup:
  become: true
  register: cleanup

- name: Nothing may be left
  ansible.builtin.assert:
    that: cleanup.left | length == 0
"""

RETURN = r"""
removed:
  description: What was removed, or in check mode would be.
  type: list
  elements: str
  returned: success
  sample: [/etc/cni/net.d/05-cilium.conflist, link cilium_host]
left:
  description: What could not be removed, with the reason.
  type: list
  elements: str
  returned: success
renamed:
  description: Configurations of other CNIs that an exclusive Cilium renamed. Give back the names of those to be used.
  type: list
  elements: str
  returned: success
  sample: [/etc/cni/net.d/10-other.conflist.cilium_bak]
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_node_cleanup
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"cni_conf_dir": {"type": "path", "default": "/etc/cni/net.d"}},
        supports_check_mode=True,
    )
    node = cilium_node_cleanup.Node(Path("/"), module.params["cni_conf_dir"].strip("/"))
    run(module, lambda: cilium_node_cleanup.clean(node, module.check_mode).as_dict())


if __name__ == "__main__":
    main()
