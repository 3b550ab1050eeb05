# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules share: the connection options and the one way out. The only util that imports AnsibleModule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import LibraryMissing, NetworkError

CLUSTER_ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "path", "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"])},
    "context": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_CONTEXT"])},
}
"""Options of the doc fragment ``eks_anywhere.network.cluster``."""


def run(module: AnsibleModule, fn: Callable[[], dict[str, Any]]) -> None:
    """Call ``fn`` and leave the module with its result, or with every problem it raised."""
    try:
        result = fn()
    except LibraryMissing as error:
        module.fail_json(
            msg=missing_required_lib(error.package),
            exception=error.trace,
            errors=[problem.as_dict() for problem in error.problems],
        )
    except NetworkError as error:
        errors = [problem.as_dict() for problem in error.problems]
        module.fail_json(**{**error.result, "msg": str(error), "errors": errors})
    else:
        module.exit_json(**{"changed": False, **result})
