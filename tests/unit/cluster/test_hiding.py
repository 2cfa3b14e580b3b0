"""Which places of this machine hold secrets, and what is left of them to programs."""

from pathlib import Path

import pytest

from convoy.cluster.hiding import hidden_from, secret_places


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Two homes, and settings of which root alone may read one."""
    for name in ("homes/me/.ssh", "homes/me/.tools/python/bin", "homes/me/work", "homes/you/.kube", "etc"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "homes/me/.netrc").touch()
    for name, mode in (("shadow", 0o640), ("hosts", 0o644)):
        (tmp_path / "etc" / name).touch()
        (tmp_path / "etc" / name).chmod(mode)
    return tmp_path


def places(machine: Path, *kept: str) -> set[str]:
    """What is hidden of the machine, by relative path."""
    found = secret_places(
        [str(machine / path) for path in kept],
        own_homes=[str(machine / "homes/me")],
        homes=str(machine / "homes"),
        settings=str(machine / "etc"),
    )
    return {str(Path(place).relative_to(machine)) for place in found if Path(place).is_relative_to(machine)}


def test_dotted_entries_of_homes_and_closed_settings_are_hidden(machine: Path) -> None:
    dotted = {"homes/me/.ssh", "homes/me/.tools", "homes/me/.netrc", "homes/you/.kube"}
    assert places(machine) == {*dotted, "etc/shadow"}


def test_what_programs_need_is_not_hidden_but_what_is_around_it(machine: Path) -> None:
    assert "homes/me/.tools" in places(machine, "homes/me/.tools/python")
    assert "homes/me/.tools" not in places(machine, "homes/me/.tools")
    assert places(machine, "homes/me") == {"homes/you/.kube", "etc/shadow"}


def test_a_link_hides_what_it_leads_to_within_the_home_only(machine: Path) -> None:
    (machine / "homes/me/.config").symlink_to(machine / "homes/me/work")
    (machine / "homes/me/.everything").symlink_to("/")
    found = places(machine)
    assert "homes/me/work" in found
    assert not {".", "homes/me/.config", "homes/me/.everything"} & found


def test_who_has_no_home_loses_nothing_of_the_root() -> None:
    assert not [
        place for place in secret_places([], own_homes=["/"], homes="", settings="") if place.count("/") < 2
    ]


def test_this_machines_places_can_be_told() -> None:
    assert "/etc/ssh" in hidden_from([])
