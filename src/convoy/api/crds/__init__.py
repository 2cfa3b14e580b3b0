"""The CustomResourceDefinitions of the Istio kinds, generated from their structs."""

from convoy.api.crds.definitions import build_crd, build_crds

__all__ = ["build_crd", "build_crds"]
