"""What the fields of VirtualServices mean."""

from collections.abc import Mapping

_SHORT_HOST = "A name without a dot is completed with the namespace of the rule."
_EXPORT = "The namespaces that see it: * for all, . for its own."
_PORT_NUMBER = "1 to 65535."

VIRTUAL_SERVICE: Mapping[str, Mapping[str, str]] = {
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
        "delegate": "Another VirtualService, without hosts, whose rules stand in the place of this one.",
        "mirrors": "Services that get copies, each of its own share of the requests; excludes mirror.",
        "mirrorPercentage": "The share of the requests that mirror gets; by default all.",
        "mirrorPercent": "The older, whole-numbered form of mirrorPercentage.",
        "mirror_percent": "The oldest form of mirrorPercentage.",
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
        "queryParams": "Query parameters to what their values must be; {} asks for presence.",
        "ignoreUriCase": "Whether upper and lower case are the same in exact and prefix matches of the path.",
        "port": "The port that the client called.",
        "sourceLabels": "Labels that the calling workload must have.",
        "sourceNamespace": "The namespace that the calling workload must be in.",
        "gateways": "Those of the rule's gateways for which the condition is.",
        "statPrefix": "Envoy counts the requests of this route under this name, too.",
    },
    "HttpRouteDestination": {
        "destination": "The service that gets the request.",
        "weight": "Its share, relative to the sum of all weights; a single destination needs none.",
        "headers": "Headers to add, set or remove for this destination alone.",
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
    "Headers": {
        "request": "Of requests, before they are sent on.",
        "response": "Of responses, before they go back to the client.",
    },
    "HeaderOperations": {
        "set": "Headers by name, in place of those that are there. They may have Envoy's variables, as "
        "%REQ(x)%.",
        "add": "Headers by name, beside those that are there.",
        "remove": "Names of headers that are taken out.",
    },
    "HttpRedirect": {
        "uri": "The path to go to; by default the one that was asked for.",
        "prefixRewrite": "What takes the place of the prefix that the rule matched.",
        "authority": "The host to go to.",
        "port": "The port to go to.",
        "derivePort": "FROM_PROTOCOL_DEFAULT: 80 or 443, as the scheme says. FROM_REQUEST_PORT: that of the "
        "request.",
        "scheme": "http or https.",
        "redirectCode": "301 by default; 302, 303, 307 or 308.",
    },
    "HttpDirectResponse": {
        "status": "200 to 599.",
        "body": "What is answered; at most 1 MB.",
    },
    "HttpBody": {
        "string": "As text.",
        "bytes": "In base64.",
    },
    "Delegate": {
        "name": "The name of the VirtualService.",
        "namespace": "Its namespace; by default that of the rule.",
    },
    "HttpRewrite": {
        "uri": "In place of the prefix that the rule matched (/ where it matched none), or of a path that "
        "it matched whole.",
        "authority": "The host that the destination sees.",
        "uriRegexRewrite": "A new path made of parts of the old one.",
    },
    "RegexRewrite": {
        "match": "An RE2 expression, whose groups are kept.",
        "rewrite": "What its match becomes; \\1 is the first group.",
    },
    "HttpRetry": {
        "attempts": "The number of retries after the first try; 0 turns them off.",
        "perTryTimeout": "The longest one try may take, such as 500ms.",
        "retryOn": "Conditions of Envoy's x-envoy-retry-on and x-envoy-retry-grpc-on, separated by commas.",
        "retryRemoteLocalities": "Whether retries may go to localities other than that of the first try.",
        "retryIgnorePreviousHosts": "Whether retries avoid endpoints that were tried already; by default "
        "they do.",
        "backoff": "The shortest wait before a retry; later ones wait longer. By default 25ms.",
    },
    "HttpFault": {
        "delay": "Requests that wait before they are sent on.",
        "abort": "Requests that are answered with an error instead.",
    },
    "FaultDelay": {
        "fixedDelay": "How long they wait, such as 5s.",
        "percentage": "The share of the requests; by default all.",
        "percent": "The older, whole-numbered form of percentage.",
        "exponentialDelay": "Refused: Envoy knows fixed delays only.",
    },
    "FaultAbort": {
        "httpStatus": "200 to 599.",
        "grpcStatus": "A status of gRPC by its name, such as UNAVAILABLE.",
        "percentage": "The share of the requests; by default all.",
        "http2Error": "Refused: Envoy knows statuses of HTTP and gRPC only.",
    },
    "Percent": {
        "value": "0 to 100; 0.0001 is the least above 0.",
    },
    "HttpMirror": {
        "destination": "The service that gets copies.",
        "percentage": "The share of the requests that is copied; by default all.",
    },
    "CorsPolicy": {
        "allowOrigins": "Origins whose pages may call.",
        "allowOrigin": "The older form of allowOrigins, exact only.",
        "allowMethods": "Methods that they may use.",
        "allowHeaders": "Headers that they may send.",
        "exposeHeaders": "Headers of answers that they may read.",
        "maxAge": "How long browsers may remember this, in whole seconds.",
        "allowCredentials": "Whether they may send cookies and the like.",
        "unmatchedPreflights": "IGNORE: the proxy answers preflights of other origins, too. FORWARD, the "
        "default: the application does.",
    },
    "TlsRoute": {
        "match": "Conditions, one of which must hold.",
        "route": "Where matching connections go, split by weight.",
    },
    "TlsMatch": {
        "sniHosts": "Server names in the client's hello, also with a leading *; of the hosts of the "
        "VirtualService.",
        "destinationSubnets": "Networks that the client's destination must be in.",
        "port": "The port that the client called.",
        "sourceLabels": "Labels that the calling workload must have.",
        "sourceNamespace": "The namespace that the calling workload must be in.",
        "gateways": "Those of the rule's gateways for which the condition is.",
    },
    "TcpRoute": {
        "match": "Conditions, one of which must hold; none matches every connection.",
        "route": "Where matching connections go, split by weight.",
    },
    "L4Match": {
        "destinationSubnets": "Networks that the client's destination must be in.",
        "port": "The port that the client called.",
        "sourceLabels": "Labels that the calling workload must have.",
        "sourceNamespace": "The namespace that the calling workload must be in.",
        "gateways": "Those of the rule's gateways for which the condition is.",
        "sourceSubnet": "Of no effect; kept for old files.",
    },
    "RouteDestination": {
        "destination": "The service that gets the connection.",
        "weight": "Its share, relative to the sum of all weights; a single destination needs none.",
    },
}
