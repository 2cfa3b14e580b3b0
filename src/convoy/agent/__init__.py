"""Beside Envoy in a pod: its bootstrap, certificates, capture rules, names and readiness.

One agent runs in every injected pod, so it imports little: no gRPC, no protobuf, no web framework, no log
library.
"""
