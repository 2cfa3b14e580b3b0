"""What a definition makes of a cluster: resources, columns, scale, selectable fields, OpenAPI."""

from tests.unit.cluster.schema.definitions import definition, load

from convoy.cluster.schema import Column, ScalePaths, Schemas


def test_served_versions_become_resources():
    first, second = Schemas().set_custom(load("routes"))
    assert (first.plural, first.version, second.version) == ("routes", "v1", "v1beta1")
    assert (first.singular, first.short_names, first.categories) == ("route", ("rt",), ("mesh",))
    assert first.is_custom
    assert first.namespaced
    assert second.stored_api_version == "mesh.example.io/v1"
    assert [sub.name for sub in first.subresources] == ["status"]
    assert second.subresources == ()


def test_a_name_that_is_not_given_follows_from_the_kind():
    (resource,) = Schemas().set_custom(load("certificates"))
    assert resource.singular == "certificate"
    assert [sub.name for sub in resource.subresources] == ["status", "scale"]


def test_columns_are_those_of_the_version_or_the_age():
    schemas = Schemas()
    first, second = schemas.set_custom(load("routes"))
    assert schemas.columns(first)[0] == Column("Hosts", "string", ".spec.hosts")
    assert [column.name for column in schemas.columns(second)] == ["Age"]


def test_scale_and_selectable_fields_are_found():
    schemas = Schemas()
    (resource,) = schemas.set_custom(load("certificates"))
    assert schemas.scale_paths(resource) == ScalePaths(
        ".spec.replicas", ".status.replicas", ".status.selector"
    )
    assert schemas.selectable_fields(resource) == ("spec.secretName",)


def test_a_deprecated_version_says_so_in_its_own_words_or_in_the_usual_ones():
    crd = load("routes")
    first, second = crd["spec"]["versions"]
    first |= {"deprecated": True, "deprecationWarning": "use v2"}
    second |= {"deprecated": True}
    sentences = [resource.deprecation for resource in Schemas().set_custom(crd)]
    assert sentences == ["use v2", "mesh.example.io/v1beta1 Route is deprecated"]


def test_a_removed_definition_is_forgotten():
    schemas = Schemas()
    resource = schemas.set_custom(load("routes"))[0]
    before = schemas.generation
    schemas.remove_custom("routes.mesh.example.io")
    assert schemas.find(resource) is None
    assert schemas.columns(resource) == ()
    assert schemas.generation > before


def test_one_cluster_does_not_see_the_definitions_of_another():
    one, other = Schemas(), Schemas()
    resource = one.set_custom(load("routes"))[0]
    assert other.find(resource) is None


def test_a_stored_version_that_is_not_served_has_a_schema_but_no_resource():
    crd = definition({"type": "object"})
    crd["spec"]["versions"].insert(0, {"name": "v2", "served": True, "schema": {"openAPIV3Schema": {}}})
    crd["spec"]["versions"][1]["served"] = False
    schemas = Schemas()
    assert [each.version for each in schemas.set_custom(crd)] == ["v2"]
    assert schemas.find_kind("example.io/v1", "Thing") is not None


def test_custom_kinds_are_in_the_definitions():
    schemas = Schemas()
    schemas.set_custom(load("routes"))
    definitions = schemas.definitions()
    route = definitions["io.example.mesh.v1.Route"]
    assert route["x-kubernetes-group-version-kind"] == [
        {"group": "mesh.example.io", "version": "v1", "kind": "Route"}
    ]
    assert {"apiVersion", "kind", "metadata", "spec", "status"} <= set(route["properties"])
    items = definitions["io.example.mesh.v1.RouteList"]["properties"]["items"]["items"]
    assert items == {"$ref": "#/definitions/io.example.mesh.v1.Route"}
    assert schemas.definition_name("mesh.example.io", "v1", "Route") == "io.example.mesh.v1.Route"
