"""A person's terminal: bash with kubectl and convoy on its PATH, and a home of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cluster.kubectl.finding import HOW_TO_GET_ONE
from tests.cluster.patches.kubectl_local import find_kubectls

ROOT = Path(__file__).parents[2]
_EXPORTS = "exports"


class Terminal:
    """Commands are typed as they are printed, first in the folder of the sources.

    What they export, and the folder they go to, is kept for the next.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        kubectls = find_kubectls()
        if not kubectls:
            pytest.fail(HOW_TO_GET_ONE)
        programs = folder / "bin"
        programs.mkdir()
        programs.joinpath("kubectl").symlink_to(kubectls[-1])
        programs.joinpath("convoy").symlink_to(Path(sys.executable).parent / "convoy")
        system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.environ = {
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "PATH": f"{programs}:{system}",
            "CONVOY_HOME": str(folder / "convoy"),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
        }
        folder.joinpath(_EXPORTS).write_text(f"cd {ROOT}\n")

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """Type some lines; the first that fails is the last."""
        exports = self._folder / _EXPORTS
        keep = f'{{ export -p; echo cd "$PWD"; }} >{exports}'
        script = f"set -e -o pipefail\n. {exports}\n{text}\n{keep}\n"
        return subprocess.run(
            ["bash"], input=script, env=self.environ, capture_output=True, text=True, timeout=150
        )

    def type(self, text: str) -> str:
        """The same, for what must work; gives what it printed."""
        done = self.run(text)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def blocks_of(page: str) -> list[str]:
    """What a page of this project tells its reader to type, block by block."""
    return re.findall(r"```bash\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
