"""Where the `convoy` program begins.

Python turns Ctrl-C into an exception wherever it happens to be, also in the middle of an import: so until the
command line is loaded, which takes a tenth of a second, Ctrl-C simply ends the process.
"""

import signal
import sys


def main() -> None:
    """Run the command line of this process and exit; never prints a traceback unless asked to."""
    interrupt = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from convoy.cli.command_line import run

    signal.signal(signal.SIGINT, interrupt)
    code = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to do but to exit
    sys.exit(code)
