"""Prints right configurations of hosts and what the collection writes for netplan, as JSON: [[config, text], ...].

The number of them stands on the command line. The same ones come at every run.
"""

from __future__ import annotations

import json
import sys

from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import configs, content, rendered
from hypothesis import Phase, given, settings


def examples(count):
    """Return that many."""
    found = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(configs())
    def collect(config):
        found.append((config, content(rendered(config))))

    collect()
    return found


if __name__ == "__main__":
    json.dump(examples(int(sys.argv[1])), sys.stdout)
