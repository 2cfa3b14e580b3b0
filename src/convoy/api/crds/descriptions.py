"""What fields mean, for `kubectl explain`: by the struct that has the field, and the field's name.

Fields that explain themselves, and those that Convoy refuses, have none.
"""

from collections.abc import Mapping

_SHORT_HOST = "A name without a dot is completed with the namespace of the rule."
_EXPORT = "The namespaces that see it: * for all, . for its own."
_PORT_NUMBER = "1 to 65535."

_BY_STRUCT: Mapping[str, Mapping[str, str]] = {
    "VirtualServiceSpec": {
        "hosts": f"The hosts that clients call, also with a leading *. {_SHORT_HOST}",
        "gateways": "The gateways that route so, as namespace/name; mesh, the default, means all sidecars.",
        "http": "Rules for HTTP requests; the first that matches decides.",
        "tls": "Rules for TLS connections that are passed through, by SNI.",
        "tcp": "Rules for connections that are neither HTTP nor TLS.",
        "exportTo": _EXPORT,
    },
    "HttpRoute": {
        "name": "Shown in logs and by `convoy proxy-config`.",
        "match": "Conditions, one of which must hold; none matches every request.",
        "route": "Where matching requests go, split by weight.",
        "redirect": "Answers with a redirect instead of routing.",
        "directResponse": "Answers with a fixed response instead of routing.",
        "rewrite": "Changes path or host before routing.",
        "timeout": "The longest a request may take with its retries, such as 2s; by default none.",
        "retries": "How often, and when, a failed request is tried again.",
        "fault": "Delays or fails a share of the requests.",
        "mirror": "Gets a copy of every request; its answers are dropped.",
        "corsPolicy": "How browsers may call from pages of other origins.",
        "headers": "Headers to add, set or remove.",
    },
    "HttpMatchRequest": {
        "name": "Shown beside the rule's name.",
        "uri": "The path, without query.",
        "scheme": "http or https.",
        "method": "The method, such as GET.",
        "authority": "The Host header.",
        "headers": "Header names in lower case to what their values must be; {} asks for presence. At "
        "gateways also claims of tokens, as @request.auth.claims.sub or @request.auth.claims[group][id].",
        "withoutHeaders": "Headers, or claims of tokens, that must not be so.",
        "queryParams": "Query parameters to what their values must be; regular expressions and exact values.",
        "ignoreUriCase": "Whether upper and lower case are the same in exact and prefix matches of the path.",
        "port": "The port that the client called.",
        "sourceLabels": "Labels that the calling workload must have.",
        "sourceNamespace": "The namespace that the calling workload must be in.",
        "gateways": "Those of the rule's gateways for which the condition is.",
    },
    "HttpRouteDestination": {
        "destination": "The service that gets the request.",
        "weight": "Its share, relative to the sum of all weights; a single destination needs none.",
    },
    "Destination": {
        "host": f"The host of a Service or ServiceEntry. {_SHORT_HOST}",
        "subset": "A subset that a DestinationRule of the host names.",
        "port": "The service's port; needed when it has several and the client's is none of them.",
    },
    "PortSelector": {"number": _PORT_NUMBER},
    "StringMatch": {
        "exact": "The whole value.",
        "prefix": "How the value begins.",
        "regex": "An RE2 expression that matches the whole value.",
    },
    "HttpRetry": {
        "attempts": "The number of retries after the first try; 0 turns them off.",
        "perTryTimeout": "The longest one try may take, such as 500ms.",
        "retryOn": "Conditions of Envoy's x-envoy-retry-on and x-envoy-retry-grpc-on, separated by commas.",
    },
    "DestinationRuleSpec": {
        "host": f"The host it is for, also with a leading *. {_SHORT_HOST}",
        "trafficPolicy": "The policy for all traffic to the host.",
        "subsets": "Named groups of endpoints, for routes to choose from.",
        "exportTo": _EXPORT,
        "workloadSelector": "The calling workloads for which it is; by default all.",
    },
    "Subset": {
        "name": "What routes call it; unique within the host.",
        "labels": "Labels of the endpoints that belong to it.",
        "trafficPolicy": "The policy for this subset; fields set here replace the host's.",
    },
    "TrafficPolicy": {
        "loadBalancer": "How the endpoint of a request is chosen.",
        "connectionPool": "Limits of connections and requests.",
        "outlierDetection": "When failing endpoints are left out for a while.",
        "tls": "How connections are secured; by default mutual TLS where the endpoint has a sidecar.",
        "portLevelSettings": "The policy for single ports; each replaces the whole policy for its port.",
    },
    "LoadBalancer": {"simple": "A standard algorithm; the default is LEAST_REQUEST."},
    "ClientTlsSettings": {
        "mode": "DISABLE sends plain text; ISTIO_MUTUAL uses the mesh's own certificates.",
        "subjectAltNames": "Identities, one of which the server must prove.",
        "sni": "The server name in the TLS handshake.",
    },
    "ConnectionPool": {"tcp": "Of connections.", "http": "Of requests."},
    "TcpPool": {
        "maxConnections": "The most connections to the host.",
        "connectTimeout": "The longest that connecting may take, such as 500ms; the default is 10s.",
    },
    "PortTrafficPolicy": {"port": "The service's port."},
    "ServiceEntrySpec": {
        "hosts": "The names that clients call, such as reviews.default.global.",
        "addresses": "Virtual addresses of the hosts; any that nothing else has, such as 240.0.0.3.",
        "ports": "The ports that clients call.",
        "location": "MESH_INTERNAL for workloads that speak the mesh's mutual TLS, MESH_EXTERNAL for others.",
        "resolution": "STATIC: the endpoints' addresses are IPs. DNS: they are names, or the host itself is.",
        "endpoints": "Where the service is; with DNS and none, the hosts are looked up themselves.",
        "workloadSelector": "Pods and WorkloadEntries that are its endpoints.",
        "exportTo": _EXPORT,
        "subjectAltNames": "Identities, one of which the endpoints must prove.",
    },
    "ServiceEntryPort": {
        "number": _PORT_NUMBER,
        "name": "Unique within the entry; endpoints refer to it.",
        "protocol": "HTTP, HTTP2, GRPC, HTTPS, TLS, TCP and others; without it the name's prefix says it.",
        "targetPort": "The endpoints' port, when it is another.",
    },
    "WorkloadEntrySpec": {
        "address": "An IP address, unix:// and a path, or a DNS name where the resolution is DNS.",
        "ports": "Names of the service's ports to this address's own ports, such as 15443 of a gateway.",
        "labels": "What subsets of a DestinationRule choose by.",
        "network": "The network that the endpoint is on.",
        "locality": "region/zone/subzone.",
        "weight": "Its share of the requests, relative to the other endpoints.",
        "serviceAccount": "The account that it runs as.",
    },
    "WorkloadGroupSpec": {
        "template": "What the WorkloadEntries of the group begin with.",
        "metadata": "Labels and annotations of those entries.",
        "probe": "How a workload is asked whether it is ready.",
    },
    "GatewaySpec": {
        "servers": "Ports to listen on, with what they serve.",
        "selector": "Labels of the gateway pods, such as istio: ingressgateway.",
    },
    "Server": {
        "port": "The port to listen on.",
        "hosts": "The hosts served, also with a leading *; namespace/host says whose VirtualServices count.",
        "name": "Shown in messages.",
        "tls": "How connections are secured; for HTTPS and TLS it must be there.",
    },
    "GatewayPort": {
        "number": "The port of the gateway's Service.",
        "name": "Unique within the gateway.",
        "protocol": "The protocol that clients speak.",
    },
    "ServerTlsSettings": {
        "mode": "AUTO_PASSTHROUGH sends other clusters' connections on to the service that their SNI names.",
    },
    "PeerAuthenticationSpec": {
        "selector": "The workloads it is for; by default its namespace, or from the root namespace the mesh.",
        "mtls": "For all ports.",
        "portLevelMtls": "For single ports of the workload: a port's number to its mode. Needs a selector.",
    },
    "MutualTls": {
        "mode": "STRICT refuses plain text, PERMISSIVE takes both, DISABLE takes no mutual TLS; "
        "UNSET inherits.",
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
    "WorkloadSelector": {"matchLabels": "Labels that a workload must have."},
    "LabelsSelector": {"labels": "Labels that a workload must have."},
}

DESCRIPTIONS: Mapping[tuple[str, str], str] = {
    (struct, field): text for struct, fields in _BY_STRUCT.items() for field, text in fields.items()
}
