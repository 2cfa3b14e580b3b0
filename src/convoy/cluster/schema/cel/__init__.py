"""Rules in CEL: their types, what they may call, whether they compile, and what they say of an object.

The interpreter is Google's (docs/decisions/012-cel.md); everything that imports it is in here and loaded when
the first rule is met.
"""
