"""What the control plane writes into its cluster; with several replicas only the leader does."""

from convoy.controlplane.writing.authorities import AuthorityWriter
from convoy.controlplane.writing.roots import RootWriter
from convoy.controlplane.writing.statuses import StatusWriter

__all__ = ["AuthorityWriter", "RootWriter", "StatusWriter"]
