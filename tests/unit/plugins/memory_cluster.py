# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cluster in memory: objects by path, and a log of what changed them."""

from __future__ import annotations

import copy
import re

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Conflict, Problem

COLLECTION = re.compile(r"(?P<api>/api/v1|/apis/[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[^/]+)")


class MemoryCluster:
    """Stands for ``kubernetes.Cluster``. ``stays`` are paths that a DELETE does not end, ``denied`` (verb, plural)."""

    def __init__(self, objects=None):
        self.objects = copy.deepcopy(objects or {})
        self.log = []
        self.stays = set()
        self.denied = set()
        self.stop_after = None

    def get(self, path, query=None):
        return copy.deepcopy(self.objects.get(path))

    def list(self, path, query=None, metadata_only=False, pick=None):
        wanted = (query or {}).get("labelSelector", "")
        labels = dict(part.split("=") for part in wanted.split(",") if part)
        found = [
            item
            for where, item in sorted(self.objects.items())
            if _inside(where, path)
            and all((item["metadata"].get("labels") or {}).get(key) == value for key, value in labels.items())
        ]
        return [pick(item) if pick else copy.deepcopy(item) for item in found]

    def create(self, path, body):
        where = f"{path}/{body['metadata']['name']}"
        if where in self.objects:
            raise Conflict(Problem(where, "it exists"))
        self._change(f"create {where}")
        self.objects[where] = copy.deepcopy(body)
        return body

    def patch(self, path, body, content_type="application/merge-patch+json"):
        self._change(f"patch {path}")
        for key, value in body.items():
            self.objects[path][key] = {**(self.objects[path].get(key) or {}), **value}
        self.objects[path]["content_type"] = content_type
        return self.objects[path]

    def delete(self, path, query=None):
        self._change(f"delete {path}")
        if path in self.stays:
            return True
        return self.objects.pop(path, None) is not None

    def access(self, needs):
        return [
            Problem("kubeconfig", f"its user may not {verb} {plural}")
            for verb, _group, plural, _namespace in needs
            if (verb, plural) in self.denied
        ]

    def _change(self, what):
        """Note a change, or break off as a killed process does."""
        if self.stop_after is not None and len(self.log) >= self.stop_after:
            raise KeyboardInterrupt
        self.log.append(what)


def _inside(where, path):
    found = COLLECTION.fullmatch(where.rpartition("/")[0])
    asked = COLLECTION.fullmatch(path)
    same = found and asked and (found["api"], found["plural"]) == (asked["api"], asked["plural"])
    return bool(same) and asked["namespace"] in (None, found["namespace"])
