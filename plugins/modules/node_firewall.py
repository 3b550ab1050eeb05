#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module node_firewall."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_firewall
short_description: One table of nftables on a node, which undoes itself unless it is confirmed
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Lets in what O(rules) say, and what every node of a Kubernetes cluster needs, and nothing else. That is one table of
    our own, replaced in one transaction, loaded at boot by a unit of our own. Tables of others are never touched, and
    what goes through a node to and from pods is not judged.
  - What the kernel has is compared with what the node's own nft makes of the rules. Counters do not count.
  - A change is guarded. It begins when the module has answered, and the node undoes it unless it is confirmed in time
    over a new connection. Its action plugin does that. A node that restarts meanwhile has the rules that it had before.
  - The ssh connection in use cannot be closed. Where no rule lets its client in, it stays by a rule of its own.
  - firewalld below 2.0 is refused, because it flushes the chains of Kubernetes and Cilium at every start and reload.
    firewalld from 2.0 on and ufw are respected. They stay in charge of what they drop, and are never reloaded.
  - Where another firewall has flushed the table, a run says so, names the service, and loads it again.
options:
  rules:
    description:
      - The rules, as RV(eks_anywhere.network.node_firewall_rules#module:rules) has them. Needed with O(state=present).
      - Those are used whose C(on) has one of O(roles).
    type: list
    elements: dict
    default: []
  roles:
    description: Roles of the node.
    type: list
    elements: str
    choices: [control_plane, worker, tinkerbell]
    default: [control_plane, worker, tinkerbell]
  node_port_range:
    description:
      - Range of the NodePorts, RV(eks_anywhere.network.node_firewall_rules#module:node_port_range). They are filtered
        before kube-proxy rewrites them.
    type: str
    default: 30000-32767
  state:
    description:
      - V(present) puts the table in place, V(absent) removes it with its file and its unit.
      - V(rendered) returns the table as text. Nothing is read from the node.
    type: str
    choices: [present, absent, rendered]
    default: present
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.guard
  - eks_anywhere.network.guard.begin
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
requirements:
  - python >= 3.9 and nft 1.0 or newer on the node, and systemd
notes:
  - Needs root on the node.
seealso:
  - module: eks_anywhere.network.node_firewall_rules
  - module: eks_anywhere.network.guarded_change
"""

EXAMPLES = r"""
- name: Close a worker
  eks_anywhere.network.node_firewall:
    rules: "{{ hostvars.localhost.firewall.rules }}"
    roles: [worker]
    probes:
      - {type: tcp, host: 10.10.50.10, port: 6443}
  become: true

- name: See the table of a control plane, on the controller
  eks_anywhere.network.node_firewall:
    rules: "{{ firewall.rules }}"
    roles: [control_plane]
    state: rendered
  delegate_to: localhost

- name: Open it again
  eks_anywhere.network.node_firewall:
    state: absent
  become: true
"""

RETURN = r"""
ruleset:
  description: The transaction, as C(nft -f) takes it.
  type: str
  returned: success
before:
  description: The table as nft shows it, without counted packets. Empty where there is none.
  type: str
  returned: O(state=present) or O(state=absent)
after:
  description: The table that is wanted, as nft shows it.
  type: str
  returned: O(state=present) or O(state=absent)
changes:
  description: What differs, in words.
  type: list
  elements: str
  returned: O(state=present) or O(state=absent)
  sample: ["input: rule kubelet is missing"]
lost:
  description: Who has removed a table that was there, empty where nobody has.
  type: str
  returned: O(state=present) or O(state=absent)
others:
  description: How many chains of iptables others have, by owner.
  type: dict
  returned: O(state=present) or O(state=absent)
  sample: {cilium: 8, kubernetes: 31}
reverted:
  description: Whether the change was undone because nobody confirmed it.
  type: bool
  returned: when a change was begun
guard:
  description: What RV(eks_anywhere.network.guarded_change#module:ended) and the rest say of a change that was undone.
  type: dict
  returned: when it was undone
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import node_firewall, ssh_connection
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import Connection
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import ROLES
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_unit import OWNER
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import BEGIN, Guard
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run


def main() -> None:
    """Read the options, compare, begin the change, answer."""
    # The rules' own fields are checked by the core, which says all that is wrong at once and where.
    module = AnsibleModule(
        argument_spec={
            "rules": {"type": "list", "elements": "dict", "default": []},
            "roles": {"type": "list", "elements": "str", "choices": list(ROLES), "default": list(ROLES)},
            "node_port_range": {"type": "str", "default": "30000-32767"},
            "state": {"type": "str", "choices": ["present", "absent", "rendered"], "default": "present"},
            **BEGIN,
        },
        supports_check_mode=True,
    )
    given = module.params
    request = node_firewall.Request(
        rules=given["rules"],
        roles=given["roles"],
        state=given["state"],
        node_port_range=given["node_port_range"],
        timeout=given["confirm_timeout"],
    )

    def work() -> dict[str, Any]:
        if request.state == "rendered":
            return {"ruleset": node_firewall.render(request, None)[0]}
        guard = Guard()
        guard.refuse_while_pending(OWNER)
        node = node_firewall.Node()
        seen = node.look()
        plan = node_firewall.plan(request, node, seen, Connection.of_ssh(ssh_connection.told()))
        for warning in plan.warnings:
            module.warn(warning)
        result = {**plan.as_dict(module._diff), "lost": seen.lost, "others": seen.others}
        if plan.changes and not module.check_mode:
            result["pending"] = guard.start(plan.change)
        return result

    run(module, work)


if __name__ == "__main__":
    main()
