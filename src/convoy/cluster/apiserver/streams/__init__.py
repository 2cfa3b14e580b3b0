"""Streams to and from pods: log, exec, attach and port-forward, over websocket and SPDY."""

from convoy.cluster.apiserver.streams.serving import PodStreams

__all__ = ["PodStreams"]
