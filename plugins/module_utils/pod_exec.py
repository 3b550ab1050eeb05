# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command in a container over the API's WebSocket (subprotocol v4.channel.k8s.io)."""

from __future__ import annotations

import json
import ssl
import time
from typing import Any
from urllib.parse import urlencode, urlparse

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    Forbidden,
    NetworkError,
    Problem,
    Unreachable,
)

try:
    import websocket
except ImportError:
    HAS_WEBSOCKET = False
else:
    HAS_WEBSOCKET = True

CONNECT_TIMEOUT = 5.0
STDOUT, STDERR, STATUS = 1, 2, 3


def run(
    configuration: Any,
    headers: dict[str, str],
    timeout: float,
    namespace: str,
    pod: str,
    container: str,
    command: list[str],
) -> str:
    """Return the command's standard output. ``timeout`` is in seconds, for the whole command.

    Raises Forbidden, Unreachable, or NetworkError with the command's standard error when its exit code is not 0.
    """
    where = f"{namespace}/{pod}"
    if not HAS_WEBSOCKET:
        raise NetworkError(
            Problem(where, "the Python library websocket-client is not installed", "It comes with kubernetes")
        )
    query = [("command", word) for word in command]
    query += [("container", container), ("stdout", "true"), ("stderr", "true")]
    server = configuration.host.replace("http", "ws", 1)
    url = f"{server}/api/v1/namespaces/{namespace}/pods/{pod}/exec?{urlencode(query)}"
    try:
        channels = _talk(configuration, headers, timeout, url)
    except websocket.WebSocketBadStatusException as error:
        raise _refused(where, error) from error
    except websocket.WebSocketTimeoutException as error:
        raise NetworkError(
            Problem(where, f"{' '.join(command)} gave no answer within {timeout:g} seconds", "See the pod's log")
        ) from error
    except (websocket.WebSocketException, OSError) as error:
        raise Unreachable(Problem(where, f"exec failed: {error}", "Check the kubelet of the pod's node")) from error
    status = json.loads(channels[STATUS] or b"{}")
    if status.get("status") == "Success":
        return channels[STDOUT].decode("utf-8", "replace")
    said = channels[STDERR].decode("utf-8", "replace").strip() or status.get("message") or "the connection broke"
    raise NetworkError(Problem(where, f"{' '.join(command)} failed: {said}", "See the pod's log"))


def _talk(configuration: Any, headers: dict[str, str], timeout: float, url: str) -> dict[int, bytes]:
    """Collect what arrives per channel until the server closes the connection."""
    proxy = urlparse(configuration.proxy) if configuration.proxy else None
    connection = websocket.create_connection(
        url,
        timeout=CONNECT_TIMEOUT,
        header=headers,
        sslopt=_tls(configuration),
        subprotocols=["v4.channel.k8s.io"],
        http_proxy_host=proxy.hostname if proxy else None,
        http_proxy_port=proxy.port if proxy else None,
    )
    channels: dict[int, bytearray] = {STDOUT: bytearray(), STDERR: bytearray(), STATUS: bytearray()}
    deadline = time.monotonic() + timeout
    try:
        while True:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            opcode, data = connection.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                break
            if data and data[0] in channels:
                channels[data[0]] += data[1:]
    except websocket.WebSocketConnectionClosedException:
        # A missing status tells the caller that the stream broke before the command ended.
        pass
    finally:
        connection.close(timeout=1)
    return {channel: bytes(content) for channel, content in channels.items()}


def _tls(configuration: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"certfile": configuration.cert_file, "keyfile": configuration.key_file}
    if configuration.verify_ssl:
        options.update(cert_reqs=ssl.CERT_REQUIRED, ca_certs=configuration.ssl_ca_cert)
    else:
        options.update(cert_reqs=ssl.CERT_NONE, check_hostname=False)
    if configuration.tls_server_name:
        options["server_hostname"] = configuration.tls_server_name
    return {key: value for key, value in options.items() if value is not None}


def _refused(where: str, error: Any) -> NetworkError:
    """Turn the HTTP answer that replaced the WebSocket into an error."""
    body = error.resp_body or b""
    try:
        reason = json.loads(body).get("message", "")
    except (ValueError, AttributeError):
        reason = body.decode("utf-8", "replace").strip()
    reason = reason or f"the API server answered HTTP {error.status_code}"
    if error.status_code in (401, 403):
        return Forbidden(Problem(where, reason, "Grant create (and get) on pods/exec with a role binding"))
    return NetworkError(Problem(where, f"exec failed: {reason}", "Check the pod and the kubelet of its node"))
