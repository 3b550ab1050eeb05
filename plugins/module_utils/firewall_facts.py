# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides which ports of a node have to be open: what cilium-config means, and the version of EKS Anywhere. Pure.

The keys are those that Cilium's charts from 1.13 to 1.19 write into the ConfigMap cilium-config; what an absent key
means is what the agent takes it for. Files named here are those of cilium/cilium v1.17.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import TUNNEL_PORTS, effective


@dataclass(frozen=True)
class Facts:
    """What decides. ``config`` is the data of cilium-config, ``version`` EKS Anywhere's, None where it is not known.

    ``tunnel_change`` is (protocol, port) on the other side of a change of the tunnel, the port "0" for its default.
    ``node_ports`` is the range of the NodePorts, ``bmcs`` are the addresses of the machines' BMCs.
    """

    config: Mapping[str, str]
    version: tuple[int, int] | None = None
    tunnel_change: tuple[str, str] | None = None
    node_ports: tuple[int, int] = (30000, 32767)
    bmcs: tuple[str, ...] = ()
    meant: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "meant", effective(self.config))

    def on(self, key: str, default: str = "false") -> bool:
        """Say whether a key of cilium-config is true."""
        return str(self.config.get(key, default)).strip().lower() == "true"

    def text(self, key: str, default: str = "") -> str:
        """Return a key of cilium-config."""
        return str(self.config.get(key, "")).strip() or default

    @property
    def replaces_kube_proxy(self) -> bool:
        """Say whether Cilium serves NodePorts itself, before netfilter sees a packet."""
        return self.meant["kube-proxy-replacement"] == "true" or self.on("enable-node-port")

    @property
    def tunnel(self) -> str:
        """Return the port of the tunnel, "" where there is none.

        Some features tunnel even where pods are routed natively (pkg/datapath/tunnel/cell.go).
        """
        dsr = self.text("bpf-lb-mode", "snat") in ("dsr", "hybrid") and self.text("bpf-lb-dsr-dispatch") == "geneve"
        asked = (
            self.meant["routing-mode"] == "tunnel",
            self.on("enable-ipv4-egress-gateway") or self.on("enable-egress-gateway"),
            self.replaces_kube_proxy and dsr,
            self.on("enable-high-scale-ipcache"),
        )
        return self.meant["tunnel-port"] if any(asked) else ""

    @property
    def other_tunnel(self) -> str:
        """Return the port of the tunnel on the other side of a change, "" where it is the same."""
        protocol, port = self.tunnel_change or ("", "0")
        wanted = TUNNEL_PORTS.get(protocol, "") if port == "0" else port
        return wanted if wanted != self.tunnel else ""
