"""The cache: an artefact is built once, and again when it is not what its manifest says."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.lab import artefacts, settings
from ansible_collections.eks_anywhere.network.lab.shell import LabError


@pytest.fixture
def builds(tmp_path, monkeypatch):
    """Builds of an artefact `tool` of key `1`, as a list that grows, and a call that asks for it."""
    monkeypatch.setattr(settings, "CACHE", tmp_path)
    made = []

    def build(directory):
        made.append(directory)
        (directory / "bin").mkdir()
        (directory / "bin" / "tool").write_text("works")

    return made, lambda: artefacts.cached("tool", "1", build)


def test_an_artefact_is_built_once(builds):
    made, ask = builds
    assert ask() == ask()
    assert len(made) == 1


@pytest.mark.parametrize("damage", ["truncate", "delete", "add", "manifest"])
def test_a_damaged_artefact_is_built_again(builds, damage):
    made, ask = builds
    target = ask()
    tool = target / "bin" / "tool"
    if damage == "truncate":
        tool.write_text("")
    elif damage == "delete":
        tool.unlink()
    elif damage == "add":
        (target / "more").write_text("x")
    else:
        (target / ".manifest").unlink()
    assert (ask() / "bin" / "tool").read_text() == "works"
    assert len(made) == 2


def test_what_a_killed_build_left_is_removed(builds, tmp_path):
    _made, ask = builds
    leftover = tmp_path / "tool-0.part"
    leftover.mkdir()
    ask()
    assert not leftover.exists()


def test_a_failed_build_is_not_taken_for_an_artefact(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "CACHE", tmp_path)

    def build(_directory):
        raise LabError("compiler killed")

    with pytest.raises(LabError):
        artefacts.cached("tool", "1", build)
    assert not (tmp_path / "tool-1").exists()


def test_a_key_depends_on_content_mode_and_order(tmp_path):
    file = tmp_path / "script"
    file.write_text("a")
    plain = artefacts.key_of(file)
    file.chmod(0o755)
    executable = artefacts.key_of(file)
    file.write_text("b")
    changed = artefacts.key_of(file)
    assert len({plain, executable, changed}) == 3
    assert artefacts.key_of("a", "b") != artefacts.key_of("b", "a") != artefacts.key_of("ba")


UPSTREAM_VALUES = """\
image:
  override: ~
  repository: "quay.io/cilium/cilium"
  tag: "v1.17.6"
envoy:
  image:
    repository: "quay.io/cilium/cilium-envoy"
    tag: "v1.33"
operator:
  image:
    repository: "quay.io/cilium/operator"
    tag: "v1.17.6"
"""


@pytest.fixture
def source(tmp_path):
    chart = tmp_path / "source" / "install" / "kubernetes" / "cilium"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text("name: cilium\nversion: 1.17.6\nappVersion: 1.17.6\nkubeVersion: '>= 1.21.0-0'\n")
    (chart / "values.yaml").write_text(UPSTREAM_VALUES)
    return tmp_path / "source"


def test_the_double_of_the_aws_chart_renames_what_aws_builds_and_nothing_else(source, tmp_path):
    chart = artefacts.chart_aws(source, tmp_path / "out")
    assert "version: 1.17.6-0\nappVersion: 1.17.6-0\n" in (chart / "Chart.yaml").read_text()
    values = (chart / "values.yaml").read_text()
    assert values.count("public.ecr.aws/eks/cilium/") == 2
    assert values.count('tag: "v1.17.6-0"') == 2
    assert "quay.io/cilium/cilium-envoy" in values


def test_a_chart_without_the_operator_image_is_an_error(source, tmp_path):
    path = source / "install" / "kubernetes" / "cilium" / "values.yaml"
    path.write_text(UPSTREAM_VALUES.replace("quay.io/cilium/operator", "quay.io/other"))
    with pytest.raises(LabError, match="operator"):
        artefacts.chart_aws(source, tmp_path / "out")
