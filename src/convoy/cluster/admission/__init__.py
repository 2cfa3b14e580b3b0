"""Who has a say in a write besides the registry: webhooks, and whatever else is put into the chain."""

from convoy.cluster.admission.chain import AdmissionChain
from convoy.cluster.admission.connecting import Connect
from convoy.cluster.admission.webhooks import Webhooks

__all__ = ["AdmissionChain", "Connect", "Webhooks"]
