"""What the fields of kinds mean that are for workloads: Sidecar, ProxyConfig, PeerAuthentication."""

from collections.abc import Mapping

_PORT_NUMBER = "1 to 65535."

WORKLOADS: Mapping[str, Mapping[str, str]] = {
    "PeerAuthenticationSpec": {
        "selector": "The workloads it is for; by default its namespace, or from the root namespace the mesh.",
        "mtls": "For all ports.",
        "portLevelMtls": "For single ports of the workload: a port's number to its mode. Needs a selector.",
    },
    "MutualTls": {
        "mode": "STRICT refuses plain text, PERMISSIVE takes both, DISABLE takes no mutual TLS; UNSET "
        "inherits.",
    },
    "SidecarSpec": {
        "workloadSelector": "The workloads it is for; by default those of its namespace.",
        "ingress": "Inbound listeners, in place of those that follow from the workload's Services.",
        "egress": "What the workloads may call; by default everything that is exported to their namespace.",
        "inboundConnectionPool": "Limits of inbound connections and requests.",
        "outboundTrafficPolicy": "What becomes of traffic to hosts that are not imported.",
    },
    "IngressListener": {
        "port": "The port that callers use.",
        "bind": "The address to listen on; by default that of the workload.",
        "captureMode": "DEFAULT and IPTABLES: connections are captured. NONE: they are made to the listener.",
        "defaultEndpoint": "Where the application listens, such as 127.0.0.1:8080 or unix:///run/app.sock.",
        "tls": "TLS that the sidecar terminates in place of the mesh's own.",
        "connectionPool": "Limits of connections and requests to this port.",
    },
    "EgressListener": {
        "port": "The port that it is for; by default all that no other listener has.",
        "bind": "The address to listen on.",
        "captureMode": "DEFAULT and IPTABLES: connections are captured. NONE: they are made to the listener.",
        "hosts": "namespace/name of what is imported: . for the own namespace, * for all, ~/* for nothing.",
    },
    "SidecarPort": {
        "number": _PORT_NUMBER,
        "protocol": "HTTP, HTTP2, GRPC, HTTPS, TLS, TCP and others.",
        "name": "Shown in messages.",
        "targetPort": "Refused: the application is where defaultEndpoint says.",
    },
    "OutboundTrafficPolicy": {
        "mode": "ALLOW_ANY passes traffic to unknown hosts on, REGISTRY_ONLY refuses it.",
        "egressProxy": "Where traffic to unknown hosts is sent instead.",
    },
    "ProxyConfigSpec": {
        "selector": "The workloads it is for; by default its namespace, or from the root namespace the mesh.",
        "concurrency": "Worker threads of the proxy; 0 means one per core.",
        "environmentVariables": "What is added to the proxy's environment.",
        "image": "Which image the proxy runs.",
    },
    "ProxyImage": {
        "imageType": "Of no effect: all proxies run in one image.",
    },
    "WorkloadSelector": {
        "matchLabels": "Labels that a workload must have.",
    },
    "LabelsSelector": {
        "labels": "Labels that a workload must have.",
    },
}
