# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a kubeconfig with clear errors. The Python ``kubernetes`` client does the loading of credentials."""

from __future__ import annotations

import os
import ssl
import traceback
from datetime import UTC, datetime
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    LibraryMissing,
    NetworkError,
    Problem,
)

try:
    import yaml
    from kubernetes.client import Configuration
    from kubernetes.config import kube_config
    from kubernetes.config.config_exception import ConfigException
except ImportError:
    HAS_KUBERNETES = False
    KUBERNETES_TRACE: str | None = traceback.format_exc()
else:
    HAS_KUBERNETES = True
    KUBERNETES_TRACE = None

OPTION = "kubeconfig"


def load(kubeconfig: str | None, context: str | None) -> Any:
    """Return the client ``Configuration`` for a kubeconfig and one of its contexts.

    Without ``kubeconfig`` the files of the environment variable KUBECONFIG are read, else ``~/.kube/config``.
    Raises LibraryMissing, or NetworkError that names the option to correct.
    """
    if not HAS_KUBERNETES:
        raise LibraryMissing("kubernetes", KUBERNETES_TRACE)
    source = os.path.expanduser(kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config")
    existing = [path for path in source.split(os.pathsep) if os.path.isfile(path)]
    if not existing:
        raise NetworkError(
            Problem(OPTION, f"the file does not exist (got {source})", "Give the path of the cluster's kubeconfig")
        )
    _check(existing, context)
    configuration = Configuration()
    try:
        kube_config.load_kube_config(source, context, configuration, persist_config=False)
    except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _invalid(source, str(error)) from error
    return configuration


def _check(paths: list[str], context: str | None) -> None:
    """Check the shape of the files and that the context leads to a server."""
    merged: dict[str, dict[str, Any]] = {"contexts": {}, "clusters": {}, "users": {}}
    current = None
    for path in paths:
        content = _read(path)
        current = current or content.get("current-context")
        for section, names in merged.items():
            for entry in content.get(section) or []:
                if not isinstance(entry, dict) or "name" not in entry:
                    raise _invalid(path, f"an entry of {section} has no name")
                names.setdefault(entry["name"], entry.get(section[:-1]) or {})
    wanted = context or current
    where = os.pathsep.join(paths)
    if not wanted:
        raise NetworkError(Problem("context", f"{where} has no current-context", "Name the context to use"))
    if wanted not in merged["contexts"]:
        known = ", ".join(sorted(merged["contexts"])) or "none"
        raise NetworkError(
            Problem("context", f"not found in {where} (got {wanted})", f"Use one of its contexts: {known}")
        )
    cluster, user = (merged["contexts"][wanted].get(key) for key in ("cluster", "user"))
    if not (merged["clusters"].get(cluster) or {}).get("server"):
        raise _invalid(where, f"context {wanted} names cluster {cluster}, which has no server there")
    if user and user not in merged["users"]:
        raise _invalid(where, f"context {wanted} names user {user}, which is not there")


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
    except OSError as error:
        raise NetworkError(
            Problem(OPTION, f"{path} cannot be read: {error.strerror}", "Check the file's owner and mode")
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _invalid(path, "it is not YAML") from error
    if not isinstance(content, dict):
        raise _invalid(path, "it holds no mapping")
    return content


def _invalid(path: str, reason: str) -> NetworkError:
    return NetworkError(
        Problem(OPTION, f"{path} is not a valid kubeconfig: {reason}", "Fetch a new kubeconfig of the cluster")
    )


def certificate_end(path: str | None) -> datetime | None:
    """Return when the first certificate of a PEM file expires (UTC), None when that cannot be read.

    The API server answers an expired client certificate with a bare 401, so the reason is looked up here.
    Follows the layout of RFC 5280 section 4.1: tbsCertificate is version, serial, signature, issuer, validity.
    """
    try:
        with open(path or "", encoding="ascii") as stream:
            text = stream.read()
        start = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        tbs = _children(_children(ssl.PEM_cert_to_DER_cert(text[start:end]))[0][1])[0][1]
        fields = _children(tbs)
        validity = fields[4 if fields[0][0] == 0xA0 else 3][1]
        tag, value = _children(validity)[1]
        layout = "%y%m%d%H%M%SZ" if tag == 0x17 else "%Y%m%d%H%M%SZ"
        return datetime.strptime(value.decode("ascii"), layout).replace(tzinfo=UTC)
    except (OSError, ValueError, IndexError):
        return None


def _children(der: bytes) -> list[tuple[int, bytes]]:
    """Split DER into its (tag, content) elements."""
    found = []
    at = 0
    while at < len(der):
        tag, size = der[at], der[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(der[at : at + count], "big")
            at += count
        found.append((tag, der[at : at + size]))
        at += size
    return found
