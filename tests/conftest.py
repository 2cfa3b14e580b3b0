"""Options of the test run."""

import hypothesis
import pytest

# How long an example takes is the machine's affair: no test fails because others work beside it.
hypothesis.settings.register_profile("convoy", deadline=None)
hypothesis.settings.load_profile("convoy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files from what is built now"
    )
