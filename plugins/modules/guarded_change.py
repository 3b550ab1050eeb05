#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: guarded_change
short_description: Confirm or undo a guarded change of a node's network
version_added: 1.0.0
description:
  - Modules that change how a node is reached begin the change and return its O(id). The node undoes it by itself unless
    it is confirmed in time, also when it restarts meanwhile.
  - The action plugins of those modules confirm over a new connection. By hand this module is needed only to undo a
    change at once.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Contents are shown by the module that begins the change.
  platform:
    support: full
    platforms: posix
options:
  id:
    description: The change. Without it, the one that is pending.
    type: str
  state:
    description:
      - V(confirmed) makes the change permanent, if it was carried out and every probe answers. A change whose commands
        failed is undone.
      - V(restored) undoes it now. V(query) changes nothing.
    type: str
    choices: [confirmed, restored, query]
    default: query
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.guard
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Undo whatever is pending
  eks_anywhere.network.guarded_change:
    state: restored
  become: true
"""

RETURN = r"""
id:
  description: The change, null where nothing is pending.
  type: str
  returned: success
ended:
  description: V(confirmed), V(restored), V(pending), or V(unknown) where the node knows nothing of it.
  type: str
  returned: success
  sample: confirmed
why:
  description: Why it was undone, or is not confirmed yet.
  type: str
  returned: success
applied:
  description: What the commands of the change said, with C(ok) and C(commands). Null before they have ended.
  type: dict
  returned: success
commands:
  description: What the commands that undid it said, each as words, exit code and output.
  type: list
  elements: list
  returned: when it has ended
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import PROBES, Guard
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "id": {"type": "str"},
            "state": {"type": "str", "choices": ["confirmed", "restored", "query"], "default": "query"},
            "probes": PROBES,
        },
        supports_check_mode=True,
    )
    given = module.params

    def work() -> dict[str, object]:
        guard = Guard()
        identity = given["id"] or guard.pending_id()
        if identity is None:
            return {"id": None, "ended": "unknown", "why": "nothing is pending", "applied": None}
        if given["state"] == "query" or module.check_mode:
            found = guard.ended(identity)
        elif given["state"] == "confirmed":
            found = guard.confirm(identity, given["probes"])
        else:
            found = guard.undo(identity, "it was asked for")
        changed = given["state"] != "query" and found["ended"] == given["state"]
        return {"id": identity, "changed": changed, **found}

    run(module, work)


if __name__ == "__main__":
    main()
