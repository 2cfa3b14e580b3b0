"""Reach into pods through a cluster's API, as kubectl does: run commands, ask ports, make requests there."""
