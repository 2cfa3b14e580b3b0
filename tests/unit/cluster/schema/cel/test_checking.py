"""The type checker of rules."""

import pytest
from tests.unit.cluster.schema.definitions import load, schema_of, with_spec

from convoy.cluster.schema.cel.checking import Checker
from convoy.cluster.schema.cel.escaping import escape

ROUTE = Checker(schema_of(load("routes")).fields["spec"])
CERTIFICATE = Checker(schema_of(load("certificates")).fields["spec"])


@pytest.mark.parametrize(
    "expression",
    [
        "self.hosts.size() > 0 && self.http[0].route[0].destination.host == 'a'",
        "self.http.all(h, h.route.exists(r, r.weight > 1.5))",
        "self.http[0].route[0].destination.port == 80 || self.http[0].route[0].destination.port == 'http'",
        "self.?gateways.orValue([]).size() == 0",
        "self.hosts.indexOf('a') == self.hosts[0].indexOf('a')",
        "quantity(self.hosts[0]).add(quantity('1')) == quantity('2')",
    ],
)
def test_what_the_schema_has_compiles(expression: str):
    assert ROUTE.check_rule(expression, old_is_optional=False).error == ""


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("self.host == 'a'", "ERROR: <input>:1:5: undefined field 'host'\n | self.host == 'a'\n | ....^"),
        ("self.hosts[0] > 1", "found no matching overload for '_>_' applied to '(string, int)'"),
        ("self.hosts.sum() == 1", "found no matching overload for 'sum' applied to '(list(string))'"),
        ("quantity('1') < quantity('2')", "applied to '(kubernetes.Quantity, kubernetes.Quantity)'"),
        ("ip('1.2.3.4') == cidr('1.2.3.4/8')", "applied to '(net.IP, net.CIDR)'"),
        ("nope(self)", "undeclared reference to 'nope' (in container '')"),
        ("self.hosts ==", "Syntax error: mismatched input '<EOF>'"),
    ],
)
def test_what_it_does_not_have_is_an_error(expression: str, error: str):
    told = ROUTE.check_rule(expression, old_is_optional=False).error
    assert told.startswith("compilation failed: ERROR: <input>:1:")
    assert error in told


def test_a_rule_says_true_or_false_and_a_message_a_text():
    assert ROUTE.check_rule("self.hosts", old_is_optional=False).error == (
        "cel expression must evaluate to a bool"
    )
    assert ROUTE.check_message("self.hosts[0]", old_is_optional=False).error == ""
    assert (
        ROUTE.check_message("1", old_is_optional=False).error == "messageExpression must evaluate to a string"
    )


def test_reading_the_old_value_is_noticed():
    assert not CERTIFICATE.check_rule("self.secretName == 'oldSelf'", old_is_optional=False).uses_old_self
    assert CERTIFICATE.check_rule("self == oldSelf", old_is_optional=False).uses_old_self
    checked = CERTIFICATE.check_rule("oldSelf.orValue(self).replicas > 0 // as it was", old_is_optional=True)
    assert (checked.error, checked.uses_old_self) == ("", True)
    error = CERTIFICATE.check_rule("oldSelf.replicas > 0", old_is_optional=False).error
    assert error == ""
    assert CERTIFICATE.check_rule("oldSelf.nope > 0", old_is_optional=True).error.startswith(
        "compilation failed: ERROR: <input>:1:8: undefined field 'nope'"
    )


def test_formats_and_maps_have_their_types():
    for expression in (
        "self.duration > duration('1s')",
        "self.labels['a'].size() > 0 && self.labels.all(k, k != '')",
        "self.ports[0].port > 1",
        "self.template.metadata.name == 'a' && self.template.kind == 'b'",
    ):
        assert CERTIFICATE.check_rule(expression, old_is_optional=False).error == ""


def test_what_nobody_declared_cannot_be_seen():
    error = CERTIFICATE.check_rule("self.extra.any == 1", old_is_optional=False).error
    assert "undefined field 'any'" in error


def test_names_that_differ_in_case_only_are_different_fields():
    schema = schema_of(
        with_spec(
            properties={
                "fooBar": {"type": "object", "additionalProperties": {"type": "string"}},
                "foo_bar": {"type": "object", "additionalProperties": {"type": "integer"}},
                "FooBar": {"type": "string"},
            }
        )
    )
    checker = Checker(schema.fields["spec"])
    expression = "self.fooBar['a'] == self.FooBar && self.foo_bar.size() > 0"
    assert checker.check_rule(expression, old_is_optional=False).error == ""


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("a", "a"),
        ("a-b/c.d", "a__dash__b__slash__c__dot__d"),
        ("a__b", "a__underscores__b"),
        ("namespace", "__namespace__"),
        ("_x", "_x"),
        ("1a", None),
        ("a b", None),
        ("", None),
    ],
)
def test_property_names_become_identifiers(name: str, identifier: str | None):
    assert escape(name) == identifier
