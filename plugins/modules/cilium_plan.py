#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module cilium_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_plan
short_description: Say what it takes to get from the Cilium that runs to the one that is wanted
version_added: 1.0.0
description:
  - Compares the running Helm release of Cilium with a wanted chart and values, and returns the action, the full
    values to give to Helm, and every difference. It never changes anything.
  - The running release is read from its secret, the wanted one is rendered by C(helm template). Compared are the
    chart's version, the explicit values, the live ConfigMap C(cilium-config) key by key, and the image of every
    container, init containers too. Certificates are never a difference.
  - The values are the release's own without anything that names an image, below O(profile), below O(values).
    An image therefore comes from the chart or from O(values), never from an earlier release.
  - A change that can cut off the cluster is listed in RV(refusals) with the variable that consents to it.
    A refusal does not fail the module.
  - Where the newest revision of the release is pending or failed, RV(action) is V(repair), and the comparison starts
    from the newest revision that was deployed.
  - With O(rollback_to) the wanted chart, values and manifest are those of an earlier revision, read from its secret.
  - A value key that the chart does not know fails the module and names the nearest key.
  - A node whose kernel is too old for the wanted Cilium fails the module, if anything is to change.
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
    description:
      - V(absent) plans the removal of the release. The module fails while pods run that get their network from Cilium.
    type: str
    choices: [present, absent]
    default: present
  rollback_to:
    description:
      - Plan the way back to an earlier revision of the release, a number, or V(recorded) for the one that RV(record)
        names.
      - Nothing is pulled or rendered. O(chart_ref), O(chart_version), O(values), O(keep_values), O(profile) and
        O(require_aws_support) do not count, and neither an older version nor a skipped one is refused.
    type: str
  chart_ref:
    description:
      - Chart of Cilium. An OCI reference, C(repository/name), a URL, or the path of a packaged chart or a directory.
    type: str
    default: oci://public.ecr.aws/eks/cilium/cilium
  chart_version:
    description: Version of the chart. Required with O(state=present), unless O(rollback_to) is given.
    type: str
  chart_plain_http:
    description: Talk plain HTTP to the chart's registry.
    type: bool
    default: false
  chart_ca_file:
    description: File with the CA of the chart's registry, in PEM form.
    type: path
  release_name:
    description: Name of the Helm release.
    type: str
    default: cilium
  namespace:
    description: Namespace of the Helm release.
    type: str
    default: kube-system
  values:
    description:
      - Values of the chart. V(null) removes a key that the running release has.
      - With O(keep_values=false) they, and O(profile), are the whole.
    type: dict
    default: {}
  keep_values:
    description: Keep the running release's own values underneath O(values).
    type: bool
    default: true
  profile:
    description:
      - V(aws) sets what AWS documents for its build, C(envoy.enabled=false), C(ingressController.enabled=false) and
        C(loadBalancer.l7.backend=none), and turns image digests off.
      - V(none) sets nothing.
    type: str
    choices: [aws, none]
    default: aws
  allow_ipam_change:
    description: Consent to another IPAM mode.
    type: bool
    default: false
  allow_routing_mode_change:
    description: Consent to another routing mode, and to turning direct node routes on or off.
    type: bool
    default: false
  allow_tunnel_change:
    description: Consent to another tunnel protocol or port.
    type: bool
    default: false
  allow_cluster_identity_change:
    description: Consent to another cluster name or ID.
    type: bool
    default: false
  allow_identity_mode_change:
    description: Consent to another identity allocation mode.
    type: bool
    default: false
  allow_kube_proxy_replacement_change:
    description: Consent to turning the replacement of kube-proxy on or off.
    type: bool
    default: false
  allow_policy_enforcement_change:
    description: Consent to another policy enforcement mode.
    type: bool
    default: false
  allow_cni_exclusive_change:
    description: Consent to Cilium moving other CNI configurations away, or no longer doing so.
    type: bool
    default: false
  allow_cidr_change:
    description: Consent to other pod CIDRs, mask sizes or native routing CIDRs.
    type: bool
    default: false
  allow_downgrade:
    description: Consent to an older chart version.
    type: bool
    default: false
  allow_version_skip:
    description: Consent to a chart version more than one minor away.
    type: bool
    default: false
  allow_l7_interruption:
    description:
      - Consent to removing the Envoy DaemonSet while policies or Envoy configurations use it.
        Their traffic is interrupted until the agents have been replaced.
    type: bool
    default: false
  allow_repair:
    description:
      - Consent to changing a release whose newest revision is pending or failed.
      - A Helm that was killed leaves its revision pending, and one that still runs has it pending. Make sure that none
        runs.
    type: bool
    default: false
  require_aws_support:
    description:
      - Fail where RV(support) is not empty.
      - Below version 0.24 of EKS Anywhere the module fails anyway, because its build of Cilium lacks these features.
        The version is read from the cluster.
    type: bool
    default: false
  cluster_name:
    description:
      - Name of the EKS Anywhere Cluster, for finding it where there are several.
      - A change fails the module where the Cluster can be read and does not say C(skipUpgrade) of its Cilium, because
        EKS Anywhere would undo it.
    type: str
  management_kubeconfig:
    description: Kubeconfig of the management cluster, if the Cluster is there. Default is the cluster itself.
    type: path
  helm_binary:
    description: The helm binary, by name or path. Helm 3.13 or newer.
    type: str
    default: helm
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
requirements:
  - Helm 3.13 or newer where the module runs.
  - The Python library C(PyYAML) where the module runs.
notes:
  - RV(values) is what Helm needs and is not redacted. Everything else the module returns has secrets hidden.
    A warning names the keys of the secrets in RV(values).
seealso:
  - module: eks_anywhere.network.cilium_info
  - module: kubernetes.core.helm
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Plan the change to the AWS build of Cilium
  eks_anywhere.network.cilium_plan:
    kubeconfig: ~/.kube/config
    chart_version: 1.17.6-0
    values:
      hubble:
        relay:
          enabled: true
  register: cilium_change

- name: Stop where consent is missing
  ansible.builtin.assert:
    that: cilium_change.refusals | length == 0
    fail_msg: "Set {{ cilium_change.refusals | map(attribute='variable') | unique | join(', ') }} to go on."

- name: Plan with a chart that was downloaded before
  eks_anywhere.network.cilium_plan:
    chart_ref: /srv/charts/cilium-1.17.6-0.tgz
    chart_version: 1.17.6-0
    values:
      tunnelPort: null

- name: Plan the way back to the last revision that was proven
  eks_anywhere.network.cilium_plan:
    rollback_to: recorded
"""

RETURN = r"""
action:
  description:
    - What has to be done. V(install), V(upgrade), V(migrate), V(repair), V(rollback), V(remove) or V(none).
    - V(migrate) is an upgrade to images of another vendor or registry. V(repair) is an upgrade where the newest
      revision is pending or failed.
  type: str
  returned: success
  sample: migrate
values:
  description: The full explicit values for Helm, to be used with reset values.
  type: dict
  returned: success
  sample: {envoy: {enabled: false}, ipam: {mode: kubernetes}}
chart:
  description:
    - The wanted chart, with C(ref), C(version) and C(app_version). C(ref) is null with O(rollback_to), and everything
      with O(state=absent).
  type: dict
  returned: success
  sample: {ref: "oci://public.ecr.aws/eks/cilium/cilium", version: 1.17.6-0, app_version: 1.17.6}
release:
  description:
    - The revision that the comparison starts from, with C(revision), C(status) and C(chart_version). It is the newest
      that is deployed, else the newest that was, else the newest. Null when there is no release.
  type: dict
  returned: success
  sample: {revision: 3, status: deployed, chart_version: 1.17.6}
unlock:
  description:
    - The pending revision to mark as failed first, with C(revision), C(status) and C(since), see
      M(eks_anywhere.network.helm_release_unlock). Null when there is none, or without O(allow_repair).
  type: dict
  returned: success
  sample: {revision: 4, status: pending-upgrade, since: "2026-01-31T12:00:00Z"}
record:
  description:
    - What the last change left in the ConfigMap C(eks-anywhere-network-cilium), with C(revision) (where to go back to),
      C(chart_version) and C(proven) (whether what runs since then was proven). Null when this release has none.
  type: dict
  returned: success
  sample: {revision: 3, chart_version: 1.17.6, proven: true}
goes_back_to:
  description:
    - The revision to record before the change, with C(revision) and C(chart_version). It is the recorded one if what
      runs was never proven, else the one that runs. Null when there is none, and when nothing is to change.
  type: dict
  returned: success
  sample: {revision: 3, chart_version: 1.17.6}
target:
  description: The revision that O(rollback_to) means, with C(revision) and C(chart_version). Null without it.
  type: dict
  returned: success
  sample: {revision: 3, chart_version: 1.17.6}
changes:
  description: Everything that differs. C(before) or C(after) is null where there is nothing.
  type: dict
  returned: success
  contains:
    chart:
      description: Chart before and after, null when it stays.
      type: dict
    values:
      description: Values, each with C(key) (dotted), C(before) and C(after).
      type: list
      elements: dict
    config:
      description: Keys of C(cilium-config), each with C(key), C(before) and C(after).
      type: list
      elements: dict
    images:
      description: Images, each with C(component) (the workload), C(container), C(before) and C(after).
      type: list
      elements: dict
refusals:
  description: Dangerous changes without consent, each with C(key), C(before), C(after) and the role's C(variable).
  type: list
  elements: dict
  returned: success
  sample: [{key: ipam, before: kubernetes, after: cluster-pool, variable: cilium_allow_ipam_change}]
warnings:
  description: What a person should know but nothing has to wait for. Ansible prints them too.
  type: list
  elements: str
  returned: when there are any
support:
  description: Features of the wanted configuration outside AWS's support.
  type: list
  elements: dict
  returned: success
images:
  description: Every image the rendered chart runs, jobs included, for pulling beforehand.
  type: list
  elements: str
  returned: success
expected_images:
  description: Images by workload and container, for O(eks_anywhere.network.cilium_info#module:expected_images).
  type: dict
  returned: success
  sample: {cilium: {cilium-agent: "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"}}
restart:
  description:
    - Workloads to restart after the upgrade, if any. Their pods are, or will be, older than the last change of
      C(cilium-config), and the upgrade does not replace them.
  type: list
  elements: str
  returned: success
  sample: [cilium, cilium-operator]
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_change import Request, find
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import CONSENTS
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm import Helm
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "rollback_to": {"type": "str"},
            "chart_ref": {"type": "str", "default": "oci://public.ecr.aws/eks/cilium/cilium"},
            "chart_version": {"type": "str"},
            "chart_plain_http": {"type": "bool", "default": False},
            "chart_ca_file": {"type": "path"},
            "release_name": {"type": "str", "default": "cilium"},
            "namespace": {"type": "str", "default": "kube-system"},
            "values": {"type": "dict", "default": {}},
            "keep_values": {"type": "bool", "default": True},
            "profile": {"type": "str", "choices": ["aws", "none"], "default": "aws"},
            **{name: {"type": "bool", "default": False} for name in CONSENTS},
            "require_aws_support": {"type": "bool", "default": False},
            "cluster_name": {"type": "str"},
            "management_kubeconfig": {"type": "path"},
            "helm_binary": {"type": "str", "default": "helm"},
        },
        supports_check_mode=True,
    )
    given = module.params
    request = Request(
        **{name: given[name] for name in Request.OPTIONS},
        consents=frozenset(name for name in CONSENTS if given[name]),
    )
    helm = Helm(given["helm_binary"], given["chart_plain_http"], given["chart_ca_file"])
    elsewhere = given["management_kubeconfig"]
    if elsewhere and given["kubeconfig"] and os.path.realpath(elsewhere) == os.path.realpath(given["kubeconfig"]):
        elsewhere = None

    def plan() -> dict[str, object]:
        cluster = Cluster(given["kubeconfig"], given["context"])
        result = find(cluster, helm, request, Cluster(elsewhere, None) if elsewhere else None)
        for warning in result.pop("warnings"):
            module.warn(warning)
        return result

    run(module, plan)


if __name__ == "__main__":
    main()
