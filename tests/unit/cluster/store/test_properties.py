"""The store against a dict: any writes, any reopening, in any order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from convoy.cluster.store import Key, KeyTakenError, StaleError, Store, TooOldError

STORAGES = st.sampled_from(["pods", "apps/deployments"])
KEYS = st.builds(Key, st.sampled_from(["", "a", "a-b", "b"]), st.sampled_from(["x", "y", "z"]))


class StoreMachine(RuleBasedStateMachine):
    def __init__(self, path):
        super().__init__()
        self.path = path
        path.unlink(missing_ok=True)
        self.model = {}
        self.past = []
        self.revision = 0

    @initialize()
    def begin(self):
        self.open()

    def open(self):
        self.store = Store(self.path, log_length=5)
        self.store.open()
        self.past = [(self.store.revision, dict(self.model))]

    def changed(self):
        self.revision += 1
        self.past.append((self.revision, dict(self.model)))

    @rule(storage=STORAGES, key=KEYS, value=st.integers(0, 9), wrong=st.sampled_from([0, 0, 0, 1]))
    def put(self, storage, key, value, wrong):
        found = self.model.get((storage, key))
        expected = None if found is None else found[0] + wrong
        try:
            stored = self.store.put(storage, key, {"metadata": {}, "value": value}, expected=expected)
        except StaleError:
            assert wrong
            return
        assert not (wrong and found)
        self.model[storage, key] = (stored.revision, value)
        self.changed()

    @rule(storage=STORAGES, key=KEYS)
    def create_again(self, storage, key):
        if (storage, key) not in self.model:
            return
        try:
            self.store.put(storage, key, {"metadata": {}}, expected=None)
        except KeyTakenError:
            return
        raise AssertionError("a taken key was given away")

    @rule(storage=STORAGES, key=KEYS)
    def remove(self, storage, key):
        found = self.model.get((storage, key))
        if found is None:
            return
        self.store.remove(storage, key, expected=found[0])
        del self.model[storage, key]
        self.changed()

    @rule()
    def reopen(self):
        self.store.close()
        self.open()

    @rule(storage=STORAGES, back=st.integers(0, 8))
    def look_back(self, storage, back):
        revision, then = self.past[max(-len(self.past), -1 - back)]
        try:
            listed = self.store.list_at(storage, revision)
            replay = self.store.watch(storage, since=revision) if revision else None
        except TooOldError:
            assert back >= 5
            return
        assert self.content(storage, listed) == self.expected(storage, then)
        if replay is not None:
            later = [number for number, _ in self.past if number > revision]
            told = [event.stored.revision for batch in replay._queue for event in batch]
            assert set(told) <= set(later)
            replay.close()

    def content(self, storage, listed):
        return [(stored.key, stored.revision, stored.object["value"]) for stored in listed]

    def expected(self, storage, model):
        return sorted((key, *state) for (where, key), state in model.items() if where == storage)

    @invariant()
    def is_the_model(self):
        if not hasattr(self, "store"):
            return
        assert self.store.revision == self.revision
        for storage in ("pods", "apps/deployments"):
            assert self.content(storage, self.store.list(storage)) == self.expected(storage, self.model)
            for key, _revision, _value in self.expected(storage, self.model):
                assert self.store.get(storage, key) in self.store.list(storage, key.namespace)

    def teardown(self):
        self.store.close()


def test_the_store_is_a_dict_that_survives_reopening(tmp_path):
    run_state_machine_as_test(
        lambda: StoreMachine(tmp_path / "objects.db"),
        settings=settings(max_examples=20, stateful_step_count=25),
    )
