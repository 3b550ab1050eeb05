# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helm binary: a chart is pulled, and rendered with values; a release goes back.

It is run without a shell and with a time limit, and what it says when it fails is translated.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ansible_collections.eks_anywhere.network.plugins.module_utils import documents
from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import Chart, read_chart
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem, Unreachable

OLDEST = (3, 13)
CONNECT_TIMEOUT = 5.0
PULL_TIMEOUT = 120.0
TEMPLATE_TIMEOUT = 60.0
ROLLBACK_TIMEOUT = 300.0


class _Failed(Exception):
    """The helm binary exited with an error; the text is what it wrote."""


class Helm:
    """The helm binary. ``plain_http`` and ``ca_file`` are for the registry. Errors are NetworkError."""

    def __init__(self, binary: str = "helm", plain_http: bool = False, ca_file: str | None = None) -> None:
        self.binary = binary
        self.plain_http = plain_http
        self.ca_file = ca_file

    def pull(self, ref: str, version: str | None, dest: str) -> Chart:
        """Fetch a chart into ``dest`` and read it. A local archive or directory is read where it is."""
        local = os.path.expanduser(ref)
        if os.path.exists(local):
            chart = read_chart(ref, local)
        elif local.startswith(("/", "./", "../")):
            raise NetworkError(Problem("chart_ref", f"there is no such file or directory (got {ref})"))
        else:
            chart = read_chart(ref, self._fetch(ref, version, dest))
        if version and chart.version != version:
            raise NetworkError(
                Problem(
                    "chart_version",
                    f"the chart at {ref} has version {chart.version} (got {version})",
                    "Correct chart_version or chart_ref",
                )
            )
        return chart

    def template(
        self,
        chart: Chart,
        release: str,
        namespace: str,
        values: Mapping[str, Any],
        kube_version: str,
        api_versions: Sequence[str] = (),
        upgrade: bool = False,
    ) -> list[dict[str, Any]]:
        """Return the manifests the chart renders to with these values, hooks included."""
        command = ["template", release, chart.path, "--namespace", namespace, "--kube-version", kube_version]
        command += [word for api in api_versions for word in ("--api-versions", api)]
        command += ["--is-upgrade"] if upgrade else []
        with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="values-", encoding="utf-8") as file:
            json.dump(values, file)
            file.flush()
            try:
                text = self._run([*command, "--values", file.name], TEMPLATE_TIMEOUT)
            except _Failed as error:
                raise NetworkError(self._template_problems(str(error), chart, kube_version)) from error
        return [manifest for manifest in documents.load_all(text, chart.title) if isinstance(manifest, dict)]

    def rollback(self, release: str, namespace: str, revision: int, kubeconfig: str | None, context: str | None) -> str:
        """Make a new revision that is what ``revision`` was, and return what Helm says. Waits for nothing to roll."""
        command = ["rollback", release, str(revision), "--namespace", namespace]
        command += ["--kubeconfig", kubeconfig] if kubeconfig else []
        command += ["--kube-context", context] if context else []
        try:
            return self._run(command, ROLLBACK_TIMEOUT).strip()
        except _Failed as error:
            where = f"Helm release {namespace}/{release}"
            raise NetworkError(
                Problem("revision", f"{where} cannot go back to revision {revision}: {error}", "See: helm history")
            ) from error

    def version(self) -> tuple[int, int] | None:
        """Return (major, minor) of the binary, None when it does not say."""
        found = re.search(r"v(\d+)\.(\d+)", self._run(["version", "--short"], 20.0))
        return (int(found[1]), int(found[2])) if found else None

    def _fetch(self, ref: str, version: str | None, dest: str) -> str:
        self._reach(ref)
        command = ["pull", ref, "--destination", dest]
        command += ["--version", version] if version else []
        command += ["--plain-http"] if self.plain_http else []
        command += ["--ca-file", self.ca_file] if self.ca_file else []
        try:
            self._run(command, PULL_TIMEOUT)
        except _Failed as error:
            raise self._pull_error(str(error), ref, version) from error
        archives = [name for name in os.listdir(dest) if name.endswith(".tgz")]
        if len(archives) != 1:
            raise NetworkError(Problem("chart_ref", f"helm pull left no packaged chart (got {ref})"))
        return os.path.join(dest, archives[0])

    def _reach(self, ref: str) -> None:
        """Fail in seconds, not in Helm's minutes, when nothing answers at the address."""
        url = urlsplit(ref)
        if url.scheme not in ("oci", "https", "http") or not url.hostname:
            return
        plain = url.scheme == "http" or (url.scheme == "oci" and self.plain_http)
        if getproxies().get("http" if plain else "https") and not proxy_bypass(url.hostname):
            return
        try:
            socket.create_connection((url.hostname, url.port or (80 if plain else 443)), CONNECT_TIMEOUT).close()
        except OSError as error:
            reason = "no answer within 5 seconds" if isinstance(error, TimeoutError) else error.strerror or str(error)
            raise _unreachable(url.netloc, reason, ref) from error

    def _run(self, arguments: list[str], timeout: float) -> str:
        try:
            done = subprocess.run(
                [self.binary, *arguments],
                capture_output=True,
                check=False,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
                timeout=timeout,
            )
        except (FileNotFoundError, PermissionError) as error:
            hint = "Install Helm 3.13 or newer, or give its path"
            raise NetworkError(
                Problem("helm_binary", f"helm cannot be run: {error.strerror} (got {self.binary})", hint)
            ) from error
        except OSError as error:
            raise NetworkError(Problem("helm_binary", f"helm cannot be run: {error} (got {self.binary})")) from error
        except subprocess.TimeoutExpired as error:
            path, partner = ("revision", "API server") if arguments[0] == "rollback" else ("chart_ref", "registry")
            text = f"helm {arguments[0]} did not end within {timeout:.0f} seconds"
            raise Unreachable(Problem(path, text, f"Check the {partner} and the way to it")) from error
        if done.returncode:
            raise _Failed(re.sub(r"^Error: ", "", done.stderr.strip() or done.stdout.strip()))
        return done.stdout

    def _too_old(self) -> Problem | None:
        try:
            version = self.version()
        except _Failed:
            version = None
        if version is None or version >= OLDEST:
            return None
        found = ".".join(map(str, version))
        return Problem("helm_binary", f"Helm 3.13 or newer is needed (got {found} at {self.binary})", "Update Helm")

    def _pull_error(self, text: str, ref: str, version: str | None) -> NetworkError:
        """Translate what ``helm pull`` says."""
        low = text.lower()
        host = urlsplit(ref).netloc or ref
        old = self._too_old()
        if old:
            return NetworkError(old)
        if "server gave http response to https client" in low or "first record does not look like a tls" in low:
            return NetworkError(
                Problem(
                    "chart_plain_http", f"{host} speaks plain HTTP (got {_bool(self.plain_http)})", "Set it to true"
                )
            )
        if self.plain_http and ("http request to an https server" in low or "400: bad request" in low):
            return NetworkError(Problem("chart_plain_http", f"{host} speaks TLS (got true)", "Set it to false"))
        if "can't read ca file" in low:
            return NetworkError(
                Problem(
                    "chart_ca_file", f"it cannot be read (got {self.ca_file})", "Give a file with the CA in PEM form"
                )
            )
        if "x509" in low or "certificate" in low:
            reason = text.rsplit("x509: ", 1)[-1]
            return Unreachable(
                Problem(
                    "chart_ca_file",
                    f"the certificate of {host} is not trusted: {reason} (got {self.ca_file or 'no file'})",
                    "Give the CA that signed it",
                )
            )
        if re.search(r"\b(401|403)\b|unauthorized|denied|forbidden", low):
            return NetworkError(
                Problem("chart_ref", f"{host} refuses access (got {ref})", f"Log in first: helm registry login {host}")
            )
        if re.search(r"not found|manifest unknown|no chart version|\b404\b", low):
            if re.match(r"repo .* not found", low):
                return NetworkError(
                    Problem("chart_ref", f"helm knows no such repository (got {ref})", "Add it with helm repo add")
                )
            return NetworkError(
                Problem(
                    "chart_version",
                    f"there is no version {version or '(newest)'} of the chart {ref}",
                    "Give a version that exists; check chart_ref",
                )
            )
        if re.search(
            r"refused|no such host|timeout|deadline|no route|unreachable|reset by peer|\beof\b|\b5\d\d\b", low
        ):
            return _unreachable(host, text, ref)
        return NetworkError(Problem("chart_ref", f"helm cannot fetch the chart: {text} (got {ref})"))

    def _template_problems(self, text: str, chart: Chart, kube_version: str) -> list[Problem]:
        """Translate what ``helm template`` says."""
        text = text.split("\n\nUse --debug", 1)[0]
        found = re.search(r"chart requires kubeVersion: (.+?) which is incompatible", text)
        if found:
            return [
                Problem(
                    "chart_version",
                    f"chart {chart.title} needs Kubernetes {found[1]} (got {kube_version})",
                    "Upgrade Kubernetes first, or take an older chart",
                )
            ]
        if "specifications of the schema" in text:
            rules = re.findall(r"^- (?:at '(\S*)': )?(.+)$", text, re.MULTILINE)
            return [
                Problem(f"values{where.rstrip('/').replace('/', '.')}", f"the chart does not accept it: {what}")
                for where, what in rules
            ] or [Problem("values", " ".join(text.split()))]
        old = self._too_old()
        if old:
            return [old]
        failed = re.search(r"execution error at \(([^)]+)\): (.+)", text, re.DOTALL)
        reason = f"{' '.join(failed[2].split())} ({failed[1]})" if failed else " ".join(text.split())
        return [
            Problem(
                "values",
                f"chart {chart.title} cannot be rendered with them: {reason}",
                "Correct the value; one that comes from the release is removed with null",
            )
        ]


def _unreachable(host: str, reason: str, ref: str) -> Unreachable:
    return Unreachable(
        Problem(
            "chart_ref",
            f"the registry {host} cannot be reached: {reason} (got {ref})",
            "Check the address, the registry, and routes, proxies and firewalls on the way",
        )
    )


def _bool(value: bool) -> str:
    return str(value).lower()
