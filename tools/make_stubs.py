"""Write type stubs for the Envoy, xDS and related protobuf packages from their own descriptors.

`xds-protos` ships the generated `_pb2` modules without stubs. Their serialized descriptors are enough to
drive the mypy plugin of protoc: this program imports every module, collects the descriptors into one
CodeGeneratorRequest, and lets the plugin write `.pyi` files under the folder given as the first argument.
"""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor import FileDescriptor

PACKAGES = (
    "envoy",
    "xds",
    "udpa",
    "validate",
    "google.rpc",
    "google.api",
    "opencensus",
    "opentelemetry",
    "cel",
)


def descriptor_modules(package: str) -> list[FileDescriptor]:
    """The file descriptors of every `_pb2` module below a package; what does not import is left out."""
    found: list[FileDescriptor] = []
    try:
        root = importlib.import_module(package)
    except ImportError:
        return found
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        if not module.name.endswith("_pb2"):
            continue
        try:
            found.append(importlib.import_module(module.name).DESCRIPTOR)
        except (ImportError, TypeError, AttributeError):
            continue
    return found


def with_dependencies(files: list[FileDescriptor]) -> list[FileDescriptor]:
    """Files in dependency order, each once, as protoc hands them to a plugin."""
    ordered: dict[str, FileDescriptor] = {}

    def visit(file: FileDescriptor) -> None:
        if file.name in ordered:
            return
        for dependency in file.dependencies:
            visit(dependency)
        ordered[file.name] = file

    for file in files:
        visit(file)
    return list(ordered.values())


def request_for(files: list[FileDescriptor]) -> plugin_pb2.CodeGeneratorRequest:
    """The request protoc would send: all files, of which those not from protobuf itself are generated."""
    request = plugin_pb2.CodeGeneratorRequest(parameter="quiet")
    for file in with_dependencies(files):
        proto = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(proto)
        request.proto_file.append(proto)
        if not file.name.startswith("google/protobuf/"):
            request.file_to_generate.append(file.name)
    return request


def main() -> None:
    """Write the stubs into the folder named by the first argument."""
    target = Path(sys.argv[1])
    files = [file for package in PACKAGES for file in descriptor_modules(package)]
    plugin = Path(sys.executable).with_name("protoc-gen-mypy")
    answer = subprocess.run(
        [plugin], input=request_for(files).SerializeToString(), stdout=subprocess.PIPE, check=True
    )
    response = plugin_pb2.CodeGeneratorResponse.FromString(answer.stdout)
    if response.error:
        raise SystemExit(f"the stub generator refused the descriptors: {response.error}")
    for out in response.file:
        path = target / out.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(out.content)
    print(f"{len(response.file)} stubs written to {target}")


if __name__ == "__main__":
    main()
