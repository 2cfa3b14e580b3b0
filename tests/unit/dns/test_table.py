"""Facts about the name table."""

import msgspec
import pytest

from convoy.dns.table import build_name_table, name_table_to_json, parse_name_table


def test_names_are_kept_in_lower_case_without_final_dot():
    assert set(build_name_table({"Reviews.Default.global.": ["240.0.0.3"]}).names) == {
        "reviews.default.global"
    }


def test_version_depends_on_content_alone():
    one = build_name_table({"a": ["10.0.0.1", "10.0.0.2"], "b": []})
    other = build_name_table({"b": [], "a": ["10.0.0.2", "10.0.0.1", "10.0.0.1"]})
    assert one == other
    assert one.version != build_name_table({"a": ["10.0.0.1"], "b": []}).version


def test_table_survives_json():
    table = build_name_table({"reviews.default.global": ["240.0.0.3"], "*.x.global": ["2001:db8::1"]})
    assert parse_name_table(name_table_to_json(table)) == table


@pytest.mark.parametrize("body", [b"", b"[]", b'{"version": 1, "names": {}}', b'{"names": {}}'])
def test_other_json_is_refused(body):
    with pytest.raises(msgspec.DecodeError):
        parse_name_table(body)
