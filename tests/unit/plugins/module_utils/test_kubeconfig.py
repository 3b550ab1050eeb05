# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading kubeconfigs: one clear message for each way in which one is wrong."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import kubeconfig
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import LibraryMissing, NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster


def failure(path, context=None):
    with pytest.raises(NetworkError) as caught:
        Cluster(path, context)
    return caught.value


def test_missing_file(tmp_path):
    assert str(failure(str(tmp_path / "none"))) == (
        f"kubeconfig: the file does not exist (got {tmp_path}/none). Give the path of the cluster's kubeconfig."
    )


def test_unknown_context(api, tmp_path):
    path = api.kubeconfig(tmp_path / "kubeconfig")
    assert str(failure(path, "prod")) == (f"context: not found in {path} (got prod). Use one of its contexts: lab.")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "it is not YAML"),
        ("- a\n", "it holds no mapping"),
        ("kind: Config\n", "has no current-context"),
        ("current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n", "names cluster b, which has no server"),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {server: 'https://127.0.0.1:1'}}]\n",
            "names user c, which is not there",
        ),
        ("current-context: a\ncontexts: [{context: {}}]\n", "an entry of contexts has no name"),
    ],
)
def test_invalid_files(tmp_path, content, text):
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    assert text in str(failure(str(path)))


def test_file_that_may_not_be_read(api, tmp_path, monkeypatch):
    path = api.kubeconfig(tmp_path / "kubeconfig")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(NetworkError, match="cannot be read: Permission denied"):
        Cluster(path, None)


def test_environment_names_the_file(api, tmp_path, monkeypatch):
    api.objects["/version"] = {"gitVersion": "v1.33.4"}
    monkeypatch.setenv("KUBECONFIG", api.kubeconfig(tmp_path / "kubeconfig"))
    assert Cluster(None, "lab").server_version() == "1.33.4"


def test_missing_library(monkeypatch):
    monkeypatch.setattr(kubeconfig, "HAS_KUBERNETES", False)
    with pytest.raises(LibraryMissing, match="the Python library is not installed"):
        Cluster(None, None)


def test_certificate_end_of_other_files(tmp_path):
    assert kubeconfig.certificate_end(None) is None
    assert kubeconfig.certificate_end(str(tmp_path)) is None
    (tmp_path / "a").write_text("nothing")
    assert kubeconfig.certificate_end(str(tmp_path / "a")) is None
