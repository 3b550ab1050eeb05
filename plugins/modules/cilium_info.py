#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the status of Cilium."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_info
short_description: Read the status of Cilium, and wait until it is healthy
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Returns the keys of C(cilium status -o json), computed from the Kubernetes API alone. Neither the Cilium CLI nor
    C(kubectl) is needed.
  - It judges more strictly than that command. A missing operator, an agent that is not ready, a container or init
    container with another image than expected, one image name with two contents, a pod that started before the last
    change of the ConfigMap C(cilium-config), a node without agent, a running pod without CiliumEndpoint and a policy
    that Cilium refuses are all problems.
  - It says who manages Cilium, and which features in use lie outside AWS's support.
options:
  release_name:
    description: Name of the Helm release, if there is one.
    type: str
    default: cilium
  namespace:
    description: Namespace of Cilium.
    type: str
    default: kube-system
  wait:
    description:
      - Wait until Cilium is healthy. If it does not become so, the module fails with all problems in RV(ignore:msg) and
        returns everything else too.
      - The wait ends early, with the last lines of the container's log, when a container of Cilium failed to start for
        60 seconds.
      - In check mode nothing was changed that could be waited for, so the status is returned as it is.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds the roll-out may stand still before the wait ends. Each replaced pod starts them anew.
    type: int
    default: 300
  settle_time:
    description:
      - Without O(wait), seconds that a Cilium which is there has to become healthy before its status is returned as it
        is. An agent reports errors for a moment when pods have just gone.
    type: int
    default: 0
  expected_images:
    description:
      - The image that each container must run, by the name of the workload and of the container.
      - What is not given here is expected as the workload's own template says.
    type: dict
    default: {}
  agents:
    description:
      - Also run C(cilium status -o json) in every agent, and judge what the agents say of themselves.
      - With O(wait=true) the agents are asked when everything else is in order.
    type: bool
    default: false
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
attributes:
  check_mode:
    support: full
    details: The module changes nothing.
  diff_mode:
    support: none
    details: The module changes nothing.
notes:
  - The user needs to list DaemonSets, Deployments and Secrets and to get the ConfigMap C(cilium-config) in
    O(namespace), and to list nodes, pods, CustomResourceDefinitions, CiliumEndpoints, NetworkPolicies and Cilium's
    policies in the whole cluster. Without access to Secrets the rest is still returned.
  - With O(agents=true) the user needs to create C(pods/exec) in O(namespace).
seealso:
  - module: eks_anywhere.network.cilium_plan
  - module: eks_anywhere.network.node_images
"""

EXAMPLES = r"""
- name: Read the status of Cilium
  eks_anywhere.network.cilium_info:
    kubeconfig: /home/user/.kube/config
  register: status

- name: Show it
  ansible.builtin.debug:
    msg: "{{ status.box.splitlines() }}"

- name: Wait until every pod runs the images of the plan
  eks_anywhere.network.cilium_info:
    wait: true
    wait_timeout: 600
    expected_images: "{{ plan.expected_images }}"

- name: Expect one image, and ask every agent how it is
  eks_anywhere.network.cilium_info:
    agents: true
    expected_images:
      cilium-operator:
        cilium-operator: public.ecr.aws/eks/cilium/operator-generic:v1.17.6-0
"""

RETURN = r"""
healthy:
  description: Whether there is no problem.
  returned: always
  type: bool
  sample: true
problems:
  description: Everything that is wrong, sorted.
  returned: always
  type: list
  elements: dict
  contains:
    component:
      description: What it concerns, for example C(cilium), C(cilium-operator), C(node) or C(endpoints).
      type: str
    object:
      description: The object that has the problem.
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
  sample:
    - component: cilium
      object: Pod kube-system/cilium-x2x7p on w1
      message: "container cilium-agent: ImagePullBackOff: Back-off pulling image"
      hint: Check the image name and the registry
management:
  description: Who manages Cilium, V(helm), V(eks_anywhere), V(manifest), or V(absent) if it is not there.
  returned: always
  type: str
  sample: helm
support:
  description: Features in use that lie outside AWS's support.
  returned: always
  type: list
  elements: dict
  contains:
    feature:
      description: Name of the feature.
      type: str
    key:
      description: The key of C(cilium-config), the workload or the policy that shows it.
      type: str
    value:
      description: Its value.
      type: str
    message:
      description: What that means.
      type: str
  sample: []
nodes:
  description: Every node and its agent. Fields about the agent are empty where there is none.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node.
      type: str
    agent_pod:
      description: Name of its agent pod.
      type: str
    image:
      description: Image of the agent.
      type: str
    ready:
      description: Whether the agent is ready.
      type: bool
    started:
      description: When the agent's container started.
      type: str
    ready_at:
      description: Since when the agent is ready.
      type: str
policies:
  description: Every NetworkPolicy, CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the policy.
      type: str
    namespace:
      description: Its namespace, empty for a cluster-wide one.
      type: str
    name:
      description: Its name.
      type: str
    uid:
      description: Its UID.
      type: str
    sha256:
      description: Hash of its spec.
      type: str
crds:
  description: Cilium's CustomResourceDefinitions.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the definition.
      type: str
    uid:
      description: Its UID.
      type: str
box:
  description: The status as text for a terminal.
  returned: always
  type: str
pod_state:
  description: For each workload its kind and how many pods it wants and has.
  returned: always
  type: dict
  sample:
    cilium: {Type: DaemonSet, Desired: 3, Ready: 3, Available: 3, Unavailable: 0}
phase_count:
  description: For each workload how many pods are in which phase.
  returned: always
  type: dict
  sample:
    cilium: {Running: 3}
image_count:
  description: For each workload how many containers have which image.
  returned: always
  type: dict
  sample:
    cilium: {"public.ecr.aws/eks/cilium/cilium:v1.17.6-0": 3}
pods_count:
  description: How many pods have a network of their own, and how many CiliumEndpoints there are.
  returned: always
  type: dict
  sample:
    all: 17
    by_cilium: 17
cilium_status:
  description: What each agent says of itself, empty without O(agents=true).
  returned: always
  type: dict
cilium_endpoints:
  description: The endpoints of each agent, read from the CiliumEndpoints, empty without O(agents=true).
  returned: always
  type: dict
errors:
  description:
    - For each component and object the messages of RV(problems), and which components are disabled.
    - If the module fails, the list of all errors, each with C(path), C(message) and C(hint).
  returned: always
  type: raw
collection_errors:
  description: What could not be read.
  returned: always
  type: list
  elements: str
config_errors:
  description: What Cilium notes about values of C(cilium-config) that it cannot take.
  returned: always
  type: list
  elements: str
helm_chart_version:
  description: Version of the chart of the Helm release, empty without one.
  returned: always
  type: str
  sample: 1.17.6-0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_wait import Watch
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Read the options, ask, answer."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "release_name": {"type": "str", "default": "cilium"},
            "namespace": {"type": "str", "default": "kube-system"},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 300},
            "settle_time": {"type": "int", "default": 0},
            "expected_images": {"type": "dict", "default": {}},
            "agents": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    options = module.params

    def status() -> dict[str, object]:
        watch = Watch(
            Cluster(options["kubeconfig"], options["context"]),
            options["release_name"],
            options["namespace"],
            options["expected_images"],
            options["agents"],
        )
        wait = options["wait"] and not module.check_mode
        return watch.until_healthy(options["wait_timeout"]) if wait else watch.once(options["settle_time"])

    run(module, status)


if __name__ == "__main__":
    main()
