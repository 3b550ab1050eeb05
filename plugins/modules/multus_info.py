#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module multus_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multus_info
short_description: Read the health of Multus, and which pods lack a network they asked for
version_added: 1.0.0
description:
  - Looks at the DaemonSet, at the daemon of every node, and at the annotations of every running pod.
  - A pod that starts while the daemon of its node is away runs with its first interface only. Kubernetes takes it for
    healthy, so it is listed in RV(pods_missing_networks).
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
  platform:
    support: full
    platforms: posix
options:
  namespace:
    description: Namespace of the DaemonSet.
    type: str
    default: kube-system
  image:
    description: The image that every daemon must run. Without it, the one its DaemonSet says.
    type: str
  wait:
    description: Wait until Multus is healthy. Not in check mode.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds the roll-out may stand still before the wait ends.
    type: int
    default: 300
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
notes:
  - Pods that lack a network do not make Multus unhealthy, since no roll-out mends them. Restart them.
seealso:
  - module: eks_anywhere.network.multus_plan
  - module: eks_anywhere.network.network_attachments
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Wait for Multus
  eks_anywhere.network.multus_info:
    wait: true
  register: multus

- name: Name the pods without their networks
  ansible.builtin.debug:
    var: multus.pods_missing_networks
"""

RETURN = r"""
healthy:
  description: Whether a daemon runs on every node, with the right image and its configuration in place.
  type: bool
  returned: success
layout:
  description: Which kind of Multus runs, V(thick), V(thin) or V(absent).
  type: str
  returned: success
problems:
  description: What is wrong, each with C(component), C(object), C(message) and C(hint).
  type: list
  elements: dict
  returned: success
nodes:
  description: Every daemon, with C(name) (its node), C(pod), C(image), C(ready), C(restarts) and C(last_end).
  type: list
  elements: dict
  returned: success
pods_missing_networks:
  description:
    - Running pods whose status lacks what their annotation asks for, with C(pod), C(missing), C(reason), and
      C(controller), who makes the pod anew when it is deleted. It is empty for a pod that nobody does that for.
  type: list
  elements: dict
  returned: success
networks_defined:
  description: Whether the cluster knows NetworkAttachmentDefinitions.
  type: bool
  returned: success
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run
from ansible_collections.eks_anywhere.network.plugins.module_utils.multus_status import Watch


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "namespace": {"type": "str", "default": "kube-system"},
            "image": {"type": "str"},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    given = module.params

    def look() -> dict[str, object]:
        watch = Watch(Cluster(given["kubeconfig"], given["context"]), given["namespace"], given["image"])
        wait = given["wait"] and not module.check_mode
        return watch.until_healthy(given["wait_timeout"]) if wait else watch.once()

    run(module, look)


if __name__ == "__main__":
    main()
