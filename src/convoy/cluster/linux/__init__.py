"""The few system calls that Python 3.11 does not offer, with the errno checks in one place."""
