# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to the Kubernetes API: raw JSON, no discovery, no model classes, no retries.

The Python ``kubernetes`` client supplies credentials and transport only. Every failure is one clear message
within seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from ansible_collections.eks_anywhere.network.plugins.module_utils import kubeconfig as kubeconfig_util
from ansible_collections.eks_anywhere.network.plugins.module_utils import pod_exec
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    Conflict,
    Forbidden,
    NetworkError,
    Problem,
    Unreachable,
)

try:
    import urllib3
    from kubernetes.client.rest import RESTClientObject
except ImportError:
    # Cluster() raises LibraryMissing through kubeconfig.load() before any of these names is used.
    HAS_TRANSPORT = False
else:
    HAS_TRANSPORT = True

CONNECT_TIMEOUT = 5.0
PAGE = 500
PARALLEL = 16
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
Query = Mapping[str, Any]
Pick = Callable[[dict[str, Any]], Any]
Items = list[Any]
Words = list[str]
Needs = list[tuple[str, str, str, "str | None"]]
Problems = list[Problem]


class Cluster:
    """One cluster as one user sees it. Safe to use from several threads.

    ``timeout`` is how many seconds an answer may take; connecting may take 5 seconds.
    Every method raises Unreachable, Forbidden or NetworkError.
    """

    def __init__(self, kubeconfig: str | None, context: str | None, timeout: float = 10.0) -> None:
        self._configuration = kubeconfig_util.load(kubeconfig, context)
        self._configuration.connection_pool_maxsize = PARALLEL
        self.server: str = self._configuration.host
        self.timeout = timeout
        try:
            self._pool = RESTClientObject(self._configuration).pool_manager
        except (OSError, ValueError) as error:
            raise NetworkError(
                Problem("kubeconfig", f"its certificates cannot be loaded: {error}", "Fetch a new kubeconfig")
            ) from error

    def get(self, path: str, query: Query | None = None) -> dict[str, Any] | None:
        """Return one object, None when it (or its kind) does not exist."""
        return self._json("GET", path, query, absent_ok=True)

    def list(
        self,
        path: str,
        query: Query | None = None,
        metadata_only: bool = False,
        pick: Pick | None = None,
    ) -> Items:
        """Return all items in pages of 500, [] when the kind does not exist.

        ``metadata_only`` asks for PartialObjectMetadata. ``pick`` reduces each item as its page arrives, so that
        a large cluster never stands in memory as a whole.
        """
        accept = METADATA_ONLY if metadata_only else None
        attempts = 3
        while attempts:
            items = self._pages(path, dict(query or {}), accept, pick)
            if items is not None:
                return items
            attempts -= 1
        raise NetworkError(
            Problem(path, "the list changed faster than it could be read", "Try again when the cluster is calmer")
        )

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object in the collection at ``path``. Raises Conflict when it exists."""
        return self._json("POST", path, None, body, "application/json") or {}

    def patch(self, path: str, body: Any, content_type: str = "application/merge-patch+json") -> dict[str, Any]:
        """Patch one object."""
        return self._json("PATCH", path, None, body, content_type) or {}

    def apply(self, path: str, body: dict[str, Any], manager: str) -> dict[str, Any]:
        """Create or change one object by server-side apply: ``manager`` then has exactly the fields of ``body``.

        Raises Conflict, which names the other manager, where that would take a field from it.
        """
        query = {"fieldManager": manager, "force": "false"}
        return self._json("PATCH", path, query, body, "application/apply-patch+yaml") or {}

    def delete(self, path: str, query: Query | None = None) -> bool:
        """Delete one object, or a collection by query. Returns False when there was nothing."""
        return self._json("DELETE", path, query, absent_ok=True) is not None

    def log(self, namespace: str, pod: str, container: str, lines: int = 10, previous: bool = False) -> str:
        """Return the last lines a container wrote, "" when there are none."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        query = {"container": container, "tailLines": lines, "previous": str(previous).lower()}
        status, data = self._request("GET", path, query, accept="*/*")
        return data.decode("utf-8", "replace") if status == 200 else ""

    def exec(self, namespace: str, pod: str, container: str, command: Words) -> str:
        """Run a command in a container and return its standard output.

        Raises NetworkError with what it wrote to standard error when it exits with anything but 0.
        """
        return pod_exec.run(self._configuration, self._headers(), self.timeout, namespace, pod, container, command)

    def server_version(self) -> str:
        """Return the version of the API server, for example ``1.33.4``."""
        version = str((self._json("GET", "/version") or {}).get("gitVersion", ""))
        return re.split("[+-]", version.removeprefix("v"), maxsplit=1)[0]

    def access(self, needs: Needs) -> Problems:
        """Return every (verb, group, resource, namespace) the user lacks, sorted; namespace None is the cluster.

        A subresource is written ``pods/exec``.
        """

        def ask(need: tuple[str, str, str, str | None]) -> Problem | None:
            verb, group, resource, namespace = need
            kind, sub = (resource.split("/", 1) + [""])[:2]
            attributes = {"verb": verb, "group": group, "resource": kind, "subresource": sub, "namespace": namespace}
            body = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
            }
            answer = self.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
            if (answer.get("status") or {}).get("allowed"):
                return None
            name = f"{resource}.{group}" if group else resource
            where = f"in namespace {namespace}" if namespace else "in the whole cluster"
            return Problem("kubeconfig", f"its user may not {verb} {name} {where}", "Grant it with a role binding")

        with ThreadPoolExecutor(PARALLEL) as workers:
            return sorted(problem for problem in workers.map(ask, needs) if problem)

    def _pages(self, path: str, query: dict[str, Any], accept: str | None, pick: Pick | None) -> Items | None:
        """Read all pages; None when the continue token went stale (410), which asks for a new start."""
        items: Items = []
        query["limit"] = PAGE
        while True:
            page = self._json("GET", path, query, accept=accept, absent_ok=True, gone_ok=True)
            if page is None:
                return []
            if page.get("code") == 410:
                return None
            found = page.get("items") or []
            items.extend(map(pick, found) if pick else found)
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return items
            query["continue"] = token

    def _json(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        content_type: str | None = None,
        accept: str | None = None,
        absent_ok: bool = False,
        gone_ok: bool = False,
    ) -> dict[str, Any] | None:
        status, data = self._request(method, path, query, body, content_type, accept)
        if (status == 404 and absent_ok) or (status == 410 and gone_ok):
            return None if status == 404 else {"code": 410}
        try:
            answer = json.loads(data) if data else {}
        except ValueError:
            answer = None
        if 200 <= status < 300 and isinstance(answer, dict):
            return answer
        reason = str(answer.get("message", "")) if isinstance(answer, dict) else ""
        raise self._refused(status, f"{method} {path}", reason)

    def _refused(self, status: int, request: str, reason: str) -> NetworkError:
        """Return the error for an HTTP status that is not a success."""
        if status == 401:
            return NetworkError(Problem("kubeconfig", *self._unauthorized()))
        if status == 403:
            hint = "Grant it with a role binding"
            if '"system:anonymous"' in reason:
                hint = "The kubeconfig gave no credentials: see its user, and run its exec plugin by hand if it has one"
            return Forbidden(Problem("kubeconfig", reason or f"its user may not {request}", hint))
        if not reason and (status < 400 or status == 404):
            return Unreachable(
                Problem(
                    "kubeconfig",
                    f"{self.server} does not answer like a Kubernetes API server ({request} gave HTTP {status})",
                    "Check the server's address in the kubeconfig",
                )
            )
        problem = Problem(request, reason or f"the API server answered HTTP {status}")
        if status == 409:
            return Conflict(problem)
        if status == 429 or status >= 500:
            # Overload, a restart, etcd without a leader: it may pass, so a wait goes on.
            hint = "Try again; if it stays, see the log of the API server"
            return Unreachable(Problem(problem.path, problem.message, hint))
        return NetworkError(problem)

    def _unauthorized(self) -> tuple[str, str]:
        end = kubeconfig_util.certificate_end(self._configuration.cert_file)
        if end and end < datetime.now(UTC):
            return f"its client certificate expired on {end:%Y-%m-%d %H:%M} UTC", "Fetch a new kubeconfig"
        return (
            f"{self.server} does not accept its credentials (401)",
            "Fetch a new kubeconfig, or renew the token or client certificate in it",
        )

    def _headers(self) -> dict[str, str]:
        settings = self._configuration.auth_settings().values()
        return {
            setting["key"]: setting["value"]
            for setting in settings
            if setting["in"] == "header" and setting.get("value")
        }

    def _request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        content_type: str | None = None,
        accept: str | None = None,
    ) -> tuple[int, bytes]:
        headers = {"Accept": accept or "application/json", "User-Agent": "eks_anywhere.network", **self._headers()}
        if content_type:
            headers["Content-Type"] = content_type
        try:
            response = self._pool.request(
                method,
                f"{self.server}{path}" + (f"?{urlencode(query)}" if query else ""),
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                retries=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=self.timeout),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            message, hint = _transport(error)
            raise Unreachable(Problem("kubeconfig", f"cannot talk to {self.server}: {message}", hint)) from error
        return response.status, response.data


def _transport(error: Exception) -> tuple[str, str]:
    """Say what a failure below HTTP means, and what to do."""
    text = str(error)
    for sign, message, hint in (
        (
            "certificate has expired",
            "the server's certificate has expired",
            "Renew the API server's certificate; check this machine's clock",
        ),
        (
            "not yet valid",
            "the server's certificate is not valid yet",
            "Check this machine's clock",
        ),
        (
            "match",
            "the server's certificate is for another name",
            "Correct the server's address in the kubeconfig, or set tls-server-name there",
        ),
        (
            "CERTIFICATE_VERIFY_FAILED",
            "the server's certificate is not signed by the CA in the kubeconfig",
            "Fetch a new kubeconfig: the cluster may have been created anew",
        ),
        (
            "WRONG_VERSION_NUMBER",
            "it does not speak TLS",
            "Check the server's address in the kubeconfig",
        ),
        ("refused", "connection refused", "Check that the API server runs, and its address in the kubeconfig"),
        ("resolve", "its name cannot be resolved", "Check the server's name in the kubeconfig and the DNS"),
        (
            "Read timed out",
            "it accepted the connection and did not answer in time",
            "Check the load of the API server and of etcd",
        ),
        ("timed out", "no answer within 5 seconds", "Check routes and firewalls between this machine and the server"),
    ):
        if sign in text:
            return message, hint
    return text, "Check that this machine reaches the API server"
