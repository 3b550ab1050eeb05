"""The doubles of controllers that cannot run in the lab, each a supervised process of its own."""

from __future__ import annotations

import sys
import time
from typing import NoReturn, Protocol

import urllib3
from kubernetes import client, config

from . import settings
from .eksa_controller import Controller
from .health_check import HealthCheck
from .shell import LabError


class Double(Protocol):
    """Something that looks at the cluster and acts, step by step."""

    def __init__(self, api: client.ApiClient) -> None: ...

    def step(self) -> None:
        """Look once."""


_TYPES: dict[str, type[Double]] = dict(zip(settings.DOUBLES, (Controller, HealthCheck), strict=True))
_POLL = 1.0


def run(name: str) -> NoReturn:
    """Work until the process is ended. An API server that is away is asked again."""
    double = _TYPES[name](config.new_client_from_config(str(settings.KUBECONFIG)))
    while True:
        try:
            double.step()
        except (client.ApiException, urllib3.exceptions.HTTPError, LabError) as error:
            print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
        time.sleep(_POLL)


if __name__ == "__main__":
    run(sys.argv[1])
