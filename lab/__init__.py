"""The practice cluster: a real Kubernetes cluster on one machine, for demos and tests."""
