"""`python -m convoy` is the `convoy` command."""

from convoy.cli.main import main

main()
