"""Changes put together give what everything put together gives: objects, order, problems, origins."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.config.manifests import service

from convoy.api import codes
from convoy.api.istio.proxy_config import ProxyConfig
from convoy.api.kinds import BY_NAME, key_of
from convoy.api.kube.core import Namespace, Pod
from convoy.api.meta import ObjectKey, ObjectMeta
from convoy.api.problems import Problem, sort_problems
from convoy.api.reading import read_objects
from convoy.config.contents import Contents, ContentsChange, Located
from convoy.config.folder import Folder
from convoy.config.merging import MergedSources
from convoy.config.origins import Origin
from convoy.config.store import Composer
from convoy.config.view import build_view

SOURCES = ("a", "b")
KEYS = tuple(
    ObjectKey(kind, "" if kind == "Namespace" else "default", name)
    for kind in ("Pod", "Namespace", "ProxyConfig")
    for name in ("default", "x")
)

keys = st.sampled_from(KEYS)
variants = st.tuples(st.integers(0, 2), st.integers(0, 2))
"""An object's content, and its line."""
problem_sets = st.lists(st.integers(0, 1), max_size=2)


@st.composite
def steps(draw):
    """A source's change or all it has, or a look at the outcome."""
    what = draw(st.sampled_from(("change", "put", "look", "look")))
    if what == "look":
        return (what,)
    objects = draw(st.dictionaries(keys, st.none() | variants if what == "change" else variants, max_size=4))
    problems = draw(problem_sets if what == "put" else st.none() | problem_sets)
    return what, draw(st.sampled_from(SOURCES)), objects, problems


def located(key, variant, source):
    content, line = variant
    # Each time a new object: equal ones are to stay the first of them.
    metadata = ObjectMeta(
        name=key.name,
        namespace=key.namespace,
        labels={"content": str(content)},
        creation_timestamp=f"2030-01-0{content + 1}T00:00:00Z",
    )
    kind = BY_NAME[key.kind]
    obj = kind.struct(api_version=kind.api_versions[0], kind=key.kind, metadata=metadata)
    return Located(obj, Origin(f"{source}.yaml", {"": line}) if line else None)


def told(source, numbers):
    if numbers is None:
        return None
    return tuple(Problem(code=codes.EMPTY, message=f"{number}", file=source) for number in numbers)


def admit(pod, lookup):
    """Made of the pod, its namespace and all of a kind."""
    namespace = lookup.get(Namespace, "", pod.metadata.namespace)
    labels = {
        **pod.metadata.labels,
        "namespace": namespace.metadata.labels["content"] if namespace else "",
        "configs": ".".join(each.metadata.labels["content"] for each in lookup.all(ProxyConfig)),
    }
    return msgspec.structs.replace(pod, metadata=msgspec.structs.replace(pod.metadata, labels=labels))


class Everything:
    """The plain way: all that each source has, and every view from scratch."""

    def __init__(self):
        self.sources = {}
        self.problems = {}

    def step(self, what, source, objects, problems):
        before = self.sources.get(source, {}) if what == "change" else {}
        after = {**before, **objects}
        self.sources[source] = {key: found for key, found in after.items() if found is not None}
        if problems is not None:
            self.problems[source] = problems

    def expected(self):
        objects = {}
        for _, held in sorted(self.sources.items()):
            for key, found in held.items():
                objects.setdefault(key, found)
        plain = build_view(1, [found.obj for found in objects.values()])
        view = build_view(1, [admit(obj, plain) if isinstance(obj, Pod) else obj for obj in plain])
        origins = {key: found.origin for key, found in objects.items() if found.origin}
        return view, sort_problems(one for each in self.problems.values() for one in each), origins


@given(st.lists(steps(), max_size=12))
def test_changes_of_sources_lead_to_the_view_of_everything(script):
    merged, composer, everything = MergedSources(), Composer(admit), Everything()
    given_out = []
    for step in (*script, ("look",)):
        if step[0] == "look":
            held = composer.apply(merged.take())
            assert_is(held, *everything.expected())
            if given_out:
                assert_leads(given_out[-1][0].view, held.view)
            given_out.append((held, said(held)))
            continue
        what, source, variants, numbers = step
        objects = {key: each and located(key, each, source) for key, each in variants.items()}
        problems = told(source, numbers)
        everything.step(what, source, objects, problems)
        if what == "put":
            merged.put(source, Contents(objects, problems))
        else:
            merged.change(source, ContentsChange(objects, problems))
    assert all(said(held) == before for held, before in given_out), "what was handed over stays as it is"


def said(held):
    return list(held.view), dict(held.view.by_key), held.problems, dict(held.origins)


def assert_is(held, view, problems, origins):
    assert list(held.view) == list(view)
    assert dict(held.view.by_key) == dict(view.by_key)
    assert held.view.by_kind.keys() == view.by_kind.keys()
    assert all(held.view.find(key_of(obj)) is obj for obj in held.view)
    assert (held.problems, dict(held.origins)) == (problems, origins)


def assert_leads(before, after):
    if after is before:
        return
    assert (after.base, after.number) == (before.number, before.number + 1)
    assert [change.key for change in after.changes] == sorted({change.key for change in after.changes})
    objects = dict(before.by_key)
    for change in after.changes:
        assert change.old is objects.pop(change.key, None)
        assert change.old != change.new
        if change.new is not None:
            objects[change.key] = change.new
    assert objects.keys() == after.by_key.keys()
    assert all(after.by_key[key] is obj for key, obj in objects.items())
    untouched = after.by_kind.keys() - {BY_NAME[change.key.kind].struct for change in after.changes}
    assert all(after.all(kind) is before.all(kind) for kind in untouched)


texts = st.lists(
    st.sampled_from((service("a"), service("a", 81), service("a", 0), "# comment\n", "- [\n")),
    max_size=2,
).map("".join)
files = st.sampled_from(("1.yaml", "2.yaml", "3.yaml"))


class Files:
    """The plain way: the files as they are, read by a folder that knows nothing of what was before."""

    def __init__(self):
        self.texts = {}
        self.in_force = {}

    def write(self, file, text):
        """What does not parse is read after what did."""
        before = self.texts.get(file, [])
        is_readable = not read_objects(text, file=file).problems
        self.texts[file] = [text] if is_readable else [*before[:1], text]

    def look(self):
        folder, refused = Folder(cluster="east"), set()
        for file, texts in self.texts.items():
            for text in texts:
                folder.read(file, text)
                refused |= {each.key for each in read_objects(text, file=file).objects if each.is_refused}
        contents = folder.contents()
        kept = {key: found for key, found in self.in_force.items() if key in refused}
        self.in_force = {**kept, **contents.objects}
        return self.in_force, contents.problems


@given(st.lists(st.just("look") | st.tuples(files, st.none() | texts), max_size=20))
def test_changes_of_a_folder_lead_to_what_its_files_say(script):
    folder, expected, objects, problems = Folder(cluster="east"), Files(), {}, ()
    for step in (*script, "look"):
        if step == "look":
            change = folder.take_change()
            objects = {key: found for key, found in {**objects, **change.objects}.items() if found}
            problems = problems if change.problems is None else change.problems
            assert (objects, problems) == expected.look()
            assert folder.contents() == Contents(objects, problems)
            assert folder.take_change() == ContentsChange()
        elif step[1] is None:
            folder.forget(step[0])
            expected.texts.pop(step[0], None)
        else:
            folder.read(step[0], step[1].encode())
            expected.write(step[0], step[1].encode())
