# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connects to every address given, port 8080, and to the API server's Service. Names what did not answer."""

from __future__ import annotations

import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

Place = tuple[str, int]


def fails(place: Place) -> str:
    """Return what kept a connection from being made, "" when it was."""
    try:
        socket.create_connection(place, 3).close()
    except OSError as error:
        return f"{place[0]}:{place[1]}: {error}"
    return ""


def main(addresses: list[str]) -> int:
    """Try all at the same time."""
    service = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    places = [(address, 8080) for address in addresses]
    if service[0]:
        places.append((service[0], int(service[1])))
    with ThreadPoolExecutor(32) as workers:
        failures = list(filter(None, workers.map(fails, places)))
    print("\n".join(failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].split(",")))
