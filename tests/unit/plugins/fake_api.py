# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API server for tests: real sockets, objects in a dict, and failures on request."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import yaml


class FakeApi:
    """Serves ``objects`` (path -> object) and ``lists`` (path -> list of objects).

    ``answers`` (method + path -> status, body) come before both. ``requests`` notes what was asked. ``on_create`` may
    change an object that is created, ``execs`` answers exec as (stdout, stderr, status), ``denied`` holds the
    (verb, resource) that access reviews refuse.
    """

    def __init__(self, tls=None):
        self.objects = {}
        self.lists = {}
        self.answers = {}
        self.requests = []
        self.headers = []
        self.execs = {}
        self.denied = set()
        self.on_create = lambda item: None
        self.before = lambda method, path: None
        self.page = None
        api = self

        class Handler(_Handler):
            fake = api

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def kubeconfig(self, path, user=None, cluster=None, context="lab"):
        """Write a kubeconfig for this server and return its path."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "contexts": [{"name": context, "context": {"cluster": "lab", "user": "admin"}}],
            "clusters": [{"name": "lab", "cluster": {"server": self.url, **(cluster or {})}}],
            "users": [{"name": "admin", "user": {"token": "secret-token"} if user is None else user}],
        }
        path.write_text(yaml.safe_dump(content))
        return str(path)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that refuses our certificate or hangs up is what some tests want; the rest is a bug."""
        if not isinstance(sys.exc_info()[1], (ssl.SSLError, ConnectionError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: FakeApi

    def log_message(self, *args):
        """Keep the tests' output clean."""

    def _send(self, status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _status(self, code, message, **more):
        self._send(code, {"kind": "Status", "status": "Failure", "code": code, "message": message, **more})

    def _answer(self):
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        fake = self.fake
        fake.requests.append((self.command, url.path, query))
        fake.headers.append(dict(self.headers))
        fake.before(self.command, url.path)
        answer = fake.answers.get(f"{self.command} {url.path}")
        if callable(answer):
            answer = answer(query)
        if answer:
            self._send(*answer)
        elif url.path.endswith("/exec"):
            self._exec(url)
        elif self.command == "POST" and url.path.endswith("selfsubjectaccessreviews"):
            asked = body["spec"]["resourceAttributes"]
            resource = "/".join(filter(None, (asked["resource"], asked.get("subresource"))))
            self._send(201, {"status": {"allowed": (asked["verb"], resource) not in fake.denied}})
        elif self.command == "POST":
            self._create(url.path, body)
        elif self.command == "PATCH":
            self._patch(url.path, body)
        elif self.command == "DELETE":
            self._delete(url.path, query)
        else:
            self._get(url.path, query)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def _get(self, path, query):
        if path in self.fake.objects:
            self._send(200, self.fake.objects[path])
        elif path in self.fake.lists:
            items = [item for item in self.fake.lists[path] if _selected(item, query)]
            start = int(query.get("continue", 0))
            end = start + min(int(query.get("limit", 500)), self.fake.page or 500)
            page = items[start:end]
            if "PartialObjectMetadata" in self.headers.get("Accept", ""):
                page = [{"metadata": item["metadata"]} for item in page]
            metadata = {"continue": str(end)} if end < len(items) else {}
            self._send(200, {"kind": "List", "metadata": metadata, "items": page})
        else:
            self._status(404, f"{path} not found")

    def _create(self, path, body):
        metadata = body["metadata"]
        items = self.fake.lists.setdefault(path, [])
        if "generateName" in metadata:
            metadata["name"] = f"{metadata['generateName']}{len(items)}"
        if any(item["metadata"]["name"] == metadata["name"] for item in items):
            self._status(409, f"{metadata['name']} already exists")
            return
        metadata["uid"] = f"uid-{metadata['name']}"
        self.fake.on_create(body)
        items.append(body)
        self._send(201, body)

    def _patch(self, path, body):
        if self.headers["Content-Type"] == "application/apply-patch+yaml":
            self._apply(path, body)
            return
        if path not in self.fake.objects:
            self._status(404, f"{path} not found")
            return
        found = self.fake.objects[path]
        version = body.get("metadata", {}).get("resourceVersion") if isinstance(body, dict) else None
        if version and version != found["metadata"].get("resourceVersion"):
            self._status(409, f"{path} was changed")
            return
        _merge(found, body)
        self._send(200, found)

    def _apply(self, path, body):
        """Server-side apply as far as tests need it: the body is the object, and its manager that of every field."""
        url, collection = urlsplit(self.path), path.rpartition("/")[0]
        manager = parse_qs(url.query)["fieldManager"][0]
        fields = {
            "f:metadata": {
                f"f:{name}": {f"f:{key}": {} for key in body["metadata"].get(name) or {}}
                for name in ("labels", "annotations")
            },
            "f:spec": {f"f:{key}": {} for key in body.get("spec") or {}},
        }
        body["metadata"]["managedFields"] = [{"manager": manager, "operation": "Apply", "fieldsV1": fields}]
        created = path not in self.fake.objects
        self.fake.objects[path] = body
        # An object of a namespace is in the list of all namespaces too.
        head, _namespaces, rest = collection.partition("/namespaces/")
        everything = self.fake.lists.setdefault(f"{head}/{rest.partition('/')[2]}", [])
        key = body["metadata"]["namespace"], body["metadata"]["name"]
        everything[:] = [
            item for item in everything if (item["metadata"]["namespace"], item["metadata"]["name"]) != key
        ]
        everything.append(body)
        self._send(201 if created else 200, body)

    def _delete(self, path, query):
        if path in self.fake.lists:
            self.fake.lists[path] = [item for item in self.fake.lists[path] if not _selected(item, query)]
            self._send(200, {"kind": "List", "items": []})
        elif (gone := self.fake.objects.pop(path, None)) is not None:
            for items in self.fake.lists.values():
                items[:] = [item for item in items if item is not gone]
            self._send(200, {"kind": "Status", "status": "Success"})
        else:
            self._status(404, f"{path} not found")

    def _exec(self, url):
        pod = url.path.split("/")[-2]
        command = tuple(parse_qs(url.query)["command"])
        accept = base64.b64encode(
            hashlib.sha1((self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        ).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.send_header("Sec-WebSocket-Protocol", "v4.channel.k8s.io")
        self.end_headers()
        stdout, stderr, status = self.fake.execs[pod](command)
        half = len(stdout) // 2
        for channel, data in ((1, stdout[:half]), (1, stdout[half:]), (2, stderr), (3, status)):
            if data is not None:
                self._frame(bytes([channel]) + (data if isinstance(data, bytes) else json.dumps(data).encode()))
        self.wfile.write(b"\x88\x02\x03\xe8")
        self.close_connection = True

    def _frame(self, data):
        head = struct.pack("!BBH", 0x82, 126, len(data)) if len(data) > 125 else struct.pack("!BB", 0x82, len(data))
        self.wfile.write(head + data)


def _merge(old, new):
    """Merge as JSON merge patch does."""
    for key, value in new.items():
        if value is None:
            old.pop(key, None)
        elif isinstance(value, dict) and isinstance(old.get(key), dict):
            _merge(old[key], value)
        else:
            old[key] = value


def _selected(item, query):
    labels = item["metadata"].get("labels") or {}
    wanted = [part.split("=") for part in query.get("labelSelector", "").split(",") if part]
    return all(labels.get(key) == value for key, value in wanted)
