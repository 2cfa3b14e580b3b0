"""As whom containers run."""

from pathlib import Path
from typing import Any

import pytest
from tests.cluster.manifests import container, pod

from convoy.cluster.kubelet.references import read_pod
from convoy.cluster.kubelet.users import RunAs, UserError, choose_user, first_closed


def _choice(
    own: dict[str, Any] | None = None,
    shared: dict[str, Any] | None = None,
    *,
    can: bool = True,
    reads: tuple[str, ...] = (),
) -> RunAs:
    made = read_pod(pod("web", container(securityContext=own or {}), securityContext=shared or {}))
    return choose_user(made.spec.containers[0], made, can_change=can, reads=reads)


def test_who_asks_for_nobody_is_changed_to_nobody() -> None:
    assert _choice() == RunAs()
    assert _choice({"runAsUser": 0}) == RunAs()


def test_the_containers_word_counts_before_the_pods() -> None:
    assert _choice({"runAsUser": 7}, {"runAsUser": 8, "runAsGroup": 9}) == RunAs(7, (9,))


def test_groups_of_the_pod_are_added_once() -> None:
    shared = {"runAsUser": 7, "runAsGroup": 9, "supplementalGroups": [5, 9], "fsGroup": 5}
    assert _choice(shared=shared) == RunAs(7, (9, 5))


def test_who_must_not_be_root_is_somebody() -> None:
    assert _choice({"runAsNonRoot": True}).user == 65532
    with pytest.raises(UserError, match="breaks non-root policy"):
        _choice({"runAsNonRoot": True, "runAsUser": 0})


def test_without_root_the_user_stays_with_a_warning() -> None:
    assert _choice({"runAsUser": 7}, can=False) == RunAs(warning="runAsUser 7 (needs root)")
    assert _choice({"runAsNonRoot": True}, can=False) == RunAs()


def test_a_program_that_others_cannot_read_is_run_by_its_owner(tmp_path: Path) -> None:
    program = tmp_path / "closed" / "program"
    program.parent.mkdir(mode=0o700)
    program.write_text("")
    choice = _choice({"runAsUser": 7}, reads=(str(program),))
    assert choice.user is None
    assert "is closed to other users" in choice.warning
    assert first_closed(["/bin/sh"]) == ""
