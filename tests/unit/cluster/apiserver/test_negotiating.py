"""Accept headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.cluster.apiserver.negotiating import Form, negotiate
from convoy.cluster.machinery.statuses import StatusError

KUBECTL_TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,"
    "application/json"
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form()),
        ("*/*", Form()),
        ("application/json, */*", Form()),
        ("application/vnd.kubernetes.protobuf,application/json", Form()),
        (KUBECTL_TABLE, Form("table")),
        (
            "application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json",
            Form("table", "meta.k8s.io/v1beta1"),
        ),
        ("application/json;as=Table;v=v3;g=meta.k8s.io,application/json", Form()),
        ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Form("metadata")),
        ("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,*/*", Form()),
        ("application/yaml", Form(is_yaml=True)),
        ("text/html;q=0.9, application/yaml;q=0.5, application/json;q=0.7", Form()),
        ("application/json;q=0, application/yaml", Form(is_yaml=True)),
        ("application/json; charset=utf-8", Form()),
    ],
)
def test_the_first_clause_that_can_be_served_wins(accept, form):
    assert negotiate(accept) == form


def test_nothing_acceptable_is_refused():
    with pytest.raises(StatusError) as refused:
        negotiate("text/html, application/vnd.kubernetes.protobuf")
    assert (refused.value.code, refused.value.reason) == (406, "NotAcceptable")


@given(st.text(alphabet="application/json*;=,q01. as", max_size=40))
def test_any_header_is_understood_or_refused(accept):
    try:
        form = negotiate(accept)
    except StatusError:
        return
    assert form.shape in ("object", "table", "metadata")
