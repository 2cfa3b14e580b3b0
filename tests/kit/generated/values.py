"""The small universe that generated objects are about, and strategies for single values in it."""

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
Strategy = st.SearchStrategy[Any]

NAMESPACES = ("default", "other")
SERVICES = ("reviews", "ratings.default.svc.cluster.local", "details.other.svc.cluster.local")
EXTERNAL = ("www.example.com", "api.example.com", "db.example.com")
HOSTS = (*SERVICES, *EXTERNAL)
WILDCARDS = ("*.example.com", "*.wild.example.org")
SUBSETS = ("v1", "v2", "V3-a")
APPS = ("reviews", "ratings", "client")
# Where a test that starts Envoys has real files, it puts their folder in place of this one.
CERTIFICATES = "/etc/generated-certificates"
LABEL_KEYS = ("app", "version", "example.com/team")


def struct(required: Json | None = None, /, **optional: Any) -> Strategy:
    """A mapping: required fields always, each of the others or not."""
    return st.fixed_dictionaries(required or {}, optional=optional)


def some(*values: Any) -> Strategy:
    """One of these."""
    return st.sampled_from(values)


def few(element: Strategy, *, least: int = 0, most: int = 2, unique: bool = False) -> Strategy:
    """A short list."""
    return st.lists(element, min_size=least, max_size=most, unique=unique)


def mapping(keys: Strategy, values: Strategy, *, least: int = 0) -> Strategy:
    """A small mapping."""
    return st.dictionaries(keys, values, min_size=least, max_size=2)


ports = some(80, 443, 8080, 9000, 9080, 65535)
names = some("a", "rule-1", "Weird name, with blanks")
durations = some("1ms", "0.5s", "2s", "1m30s", "1h")
spans = some("0s", "100ms", "10s")
seconds = some("1s", "24h")
bools = st.booleans()
counts = some(0, 1, 5, 100, 2**31 - 1)
unsigned = some(0, 1, 7, 2**32 - 1)
percents = some(0, 1, 50, 100)
fractions = some(0, 0.0001, 0.5, 12.5, 33.3333, 100)
paths = some("/", "/a", "/a/b", "/api/v1", "/%20x")
regexes = some("/v[0-9]+", ".*", "a|b", "[^/]+", "(?i)x", "/(a|b)/(.*)", r"\d+\.\d+")
texts = some("", "a", "jason", "été", "x y", "*")
labels = mapping(some(*LABEL_KEYS), some("", "reviews", "v1", "v2", "A_b.c"))
header_names = some("x-a", "X-Mixed-Case", "cookie", "end-user", "x_under")
header_values = some("", "v", "100%%", "%REQ(x-a)%", "a %START_TIME(%s)% b", "%DOWNSTREAM_REMOTE_ADDRESS%")
cidrs = some("10.1.0.0/16", "198.19.128.3", "2001:db8::/32", "0.0.0.0/0")
export_to = st.one_of(some([], ["."], ["*"]), few(some(*NAMESPACES, "nowhere"), unique=True))


def string_match(*, prefixes: Strategy = texts) -> Strategy:
    """Exact, prefix, regular expression, or presence."""
    return st.one_of(
        st.fixed_dictionaries({"exact": texts}),
        st.fixed_dictionaries({"prefix": prefixes.filter(bool)}),
        st.fixed_dictionaries({"regex": regexes}),
        st.just({}),
    )


def weighted(of: Strategy, *, most: int = 3) -> Strategy:
    """Destinations whose weights do not add up to nothing."""
    return few(of, least=1, most=most).map(_with_some_weight)


def _with_some_weight(choices: list[Json]) -> list[Json]:
    if len(choices) > 1 and not sum(choice.get("weight", 0) for choice in choices):
        return [{**choices[0], "weight": 1}, *choices[1:]]
    return choices


destinations = struct(
    {"host": some(*HOSTS, "*.wild.example.org", "unknown.default.svc.cluster.local")},
    subset=some(*SUBSETS),
    port=st.fixed_dictionaries({"number": ports}),
)


def manifest(kind: str, version: str, spec: Any, *, name: str = "a", namespace: str = "default") -> Json:
    """An object; the version is chosen by the caller."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
