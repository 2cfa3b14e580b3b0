"""Colons that are characters of a text in a YAML list or mapping in brackets: `[10.0.0.1, 2001:db8::]`.

The parser says where one is by refusing it. Its place is taken by a character that the file does not have,
so every mark stays right, and the next attempt reads it as a part of the text.
"""

import re

import yaml

_REFUSAL = "found unexpected ':'"
# Behind space, quotes, brackets, commas and aliases a colon may separate a key from its value.
_SURELY_PLAIN = re.compile(r"""([*&][\w-]+:)|(?<=[^]\s"',[{}]):(?=[],?[{}])""")
# Each is found by reading the file once more. The usual ones are all taken with the first.
_MOST_ATTEMPTS = 10
_PRIVATE_USE = range(0xE000, 0xF900)


class PlainColons:
    """A file's text, in which some colons stand as another character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._stand_in = ""
        self._attempts = 0

    def take(self, refused: yaml.MarkedYAMLError) -> bool:
        """Replace the colon that the parser refused, and its like; False when it refused something else."""
        if refused.problem != _REFUSAL or self._attempts == _MOST_ATTEMPTS:
            return False
        self._attempts += 1
        self._stand_in = self._stand_in or _unused(self.text)
        at = refused.problem_mark.index if refused.problem_mark else -1
        if not self._stand_in or self.text[at : at + 1] != ":":
            return False
        text = f"{self.text[:at]}{self._stand_in}{self.text[at + 1 :]}"
        self.text = _SURELY_PLAIN.sub(lambda found: found[1] or self._stand_in, text)
        return True

    def restore(self, value: str) -> str:
        """A value as it is written."""
        return value.replace(self._stand_in, ":") if self._stand_in else value


def _unused(text: str) -> str:
    """A character for private use that the text does not have; "" when it has all of them."""
    return next((chr(code) for code in _PRIVATE_USE if chr(code) not in text), "")
