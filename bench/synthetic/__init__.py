"""A mesh of any size, made up: the same parameters always give the same objects."""
