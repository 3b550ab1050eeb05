# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The revisions of a Helm release, read from their secrets, and the one thing written there: an end that never came.

A secret may be large, so revisions are listed by their labels, and only those that are needed are fetched.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import documents
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Conflict, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

DEPLOYED = "deployed"
SUPERSEDED = "superseded"
FAILED = "failed"
UNINSTALLED = "uninstalled"


@dataclass(frozen=True)
class Release:
    """One revision of a Helm release. ``values`` are the user's own, ``chart_values`` the chart's defaults.

    ``since`` is when Helm began with it (RFC 3339, UTC), "" when unknown.
    """

    name: str
    namespace: str
    revision: int
    status: str
    chart_name: str
    chart_version: str
    app_version: str
    values: dict[str, Any]
    chart_values: dict[str, Any]
    manifest: str
    since: str = ""

    @property
    def pending(self) -> bool:
        """Say whether Helm works on it, or was killed while it did."""
        return self.status.startswith("pending-")

    @property
    def was_deployed(self) -> bool:
        """Say whether Helm ever came to its end."""
        return self.status in (DEPLOYED, SUPERSEDED)


@dataclass(frozen=True, order=True)
class Revision:
    """What the labels of a revision's secret say."""

    number: int
    status: str
    secret: str

    @property
    def was_deployed(self) -> bool:
        """Say whether Helm ever came to its end."""
        return self.status in (DEPLOYED, SUPERSEDED)


@dataclass(frozen=True)
class History:
    """All revisions, oldest first, and two of them in full. Both are None without a release.

    ``base`` is where Helm's next change starts from: the newest revision that is deployed, else the newest that was,
    else ``newest``.
    """

    revisions: tuple[Revision, ...] = ()
    newest: Release | None = None
    base: Release | None = None

    @property
    def broken(self) -> Release | None:
        """Return the newest revision if it is not deployed."""
        return self.newest if self.newest and self.newest.status != DEPLOYED else None


def read_release(cluster: Cluster, name: str, namespace: str) -> Release | None:
    """Return the newest revision of a release, None when there is none or it was uninstalled."""
    revisions = _revisions(cluster, name, namespace)
    newest = read_revision(cluster, name, namespace, revisions[-1]) if revisions else None
    return newest if newest and newest.status != UNINSTALLED else None


def read_history(cluster: Cluster, name: str, namespace: str) -> History:
    """Return the history of a release. One that was uninstalled keeps its revisions and has no newest."""
    revisions = _revisions(cluster, name, namespace)
    newest = read_revision(cluster, name, namespace, revisions[-1]) if revisions else None
    if newest is None or newest.status == UNINSTALLED:
        return History(revisions)
    if newest.status == DEPLOYED:
        return History(revisions, newest, newest)
    for status in (DEPLOYED, SUPERSEDED):
        for revision in reversed(revisions[:-1]):
            base = read_revision(cluster, name, namespace, revision) if revision.status == status else None
            if base:
                return History(revisions, newest, base)
    return History(revisions, newest, newest)


def read_revision(cluster: Cluster, name: str, namespace: str, revision: Revision) -> Release | None:
    """Return one revision in full, None when it has just been deleted."""
    secret = cluster.get(f"{_path(namespace)}/{revision.secret}")
    if secret is None:
        return None
    release = decode(secret, f"{namespace}/{revision.secret}")
    chart = release.get("chart") or {}
    about = chart.get("metadata") or {}
    return Release(
        name=name,
        namespace=namespace,
        revision=int(release.get("version") or revision.number),
        status=_status(release),
        chart_name=str(about.get("name", "")),
        chart_version=str(about.get("version", "")),
        app_version=str(about.get("appVersion", "")),
        values=release.get("config") or {},
        chart_values=chart.get("values") or {},
        manifest=str(release.get("manifest") or ""),
        since=str((secret.get("metadata") or {}).get("creationTimestamp", "")),
    )


def unlock(cluster: Cluster, name: str, namespace: str, revision: int, check_mode: bool = False) -> dict[str, Any]:
    """Mark the newest revision as failed if it is pending, and return the module's result.

    Raises NetworkError when another revision is the newest, when this one ended, or when it changes at this moment.
    """
    where = f"Helm release {namespace}/{name}"
    revisions = _revisions(cluster, name, namespace)
    if not revisions:
        raise NetworkError(Problem("release_name", f"there is no {where}", "Correct release_name or namespace"))
    newest = revisions[-1]
    path = f"{_path(namespace)}/{newest.secret}"
    secret = cluster.get(path)
    if newest.number != revision or secret is None:
        raise _moved_on(f"the newest revision of {where} is another one (got {revision}, found {newest.number})")
    release = decode(secret, f"{namespace}/{newest.secret}")
    before = _status(release)
    if before != FAILED and not before.startswith("pending-"):
        raise _moved_on(f"revision {revision} of {where} is not pending (found {before})")
    description = str((release.get("info") or {}).get("description", ""))
    after = marked_failed(release)
    label = (secret["metadata"].get("labels") or {}).get("status")
    changed = before != FAILED or label != FAILED
    if changed and not check_mode:
        body = {
            "metadata": {"labels": {"status": FAILED}, "resourceVersion": secret["metadata"].get("resourceVersion")},
            "data": {"release": encode(after)},
        }
        try:
            cluster.patch(path, body)
        except Conflict as error:
            raise _moved_on(f"revision {revision} of {where} changed at this moment: Helm still works on it") from error
    return {
        "changed": changed,
        "before": before,
        "after": FAILED,
        "diff": {
            "before": documents.dump({"status": before, "description": description}),
            "after": documents.dump({"status": FAILED, "description": after["info"]["description"]}),
        },
    }


def marked_failed(release: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a pending release as it is after a failure; one that is failed stays as it is."""
    status = _status(release)
    if status == FAILED:
        return dict(release)
    info = {
        **(release.get("info") or {}),
        "status": FAILED,
        "description": f"Helm was interrupted while this revision was {status}",
    }
    return {**release, "info": info}


def encode(release: Mapping[str, Any]) -> str:
    """Return what stands under ``data.release`` of the secret: base64 of base64 of gzip of JSON."""
    raw = json.dumps(release, separators=(",", ":")).encode()
    return base64.b64encode(base64.b64encode(gzip.compress(raw, mtime=0))).decode()


def decode(secret: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the release in a secret; that it is compressed is usual, not certain. ``where`` names it in errors."""
    try:
        raw = base64.b64decode(base64.b64decode((secret.get("data") or {})["release"]))
        release = json.loads(gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw)
    except (KeyError, EOFError, OSError, ValueError, binascii.Error) as error:
        raise NetworkError(
            Problem("release_name", f"the release secret {where} cannot be read: {error}", "See: helm history")
        ) from error
    return release if isinstance(release, dict) else {}


def _revisions(cluster: Cluster, name: str, namespace: str) -> tuple[Revision, ...]:
    selector = {"labelSelector": f"owner=helm,name={name}"}
    found = []
    for item in cluster.list(_path(namespace), selector, metadata_only=True):
        labels = item["metadata"].get("labels") or {}
        if str(labels.get("version", "")).isdigit():
            found.append(Revision(int(labels["version"]), str(labels.get("status", "")), item["metadata"]["name"]))
    return tuple(sorted(found))


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


def _status(release: Mapping[str, Any]) -> str:
    return str((release.get("info") or {}).get("status", "unknown"))


def _moved_on(message: str) -> NetworkError:
    return NetworkError(Problem("revision", message, "Plan anew"))
