"""The images that pods under test use."""

from pathlib import Path

from convoy.cluster.types import ImageEntry

HERE = str(Path(__file__).parent)
IMAGES = (
    ImageEntry("test/web", ("python", f"{HERE}/web.py"), args=("8080",), keep=(HERE,)),
    ImageEntry("test/draining", ("python", f"{HERE}/draining.py"), args=("drains",), keep=(HERE,)),
)
