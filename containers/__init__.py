"""Builds the containers and runs them: `make containers`. Needs a Docker engine, no registry."""
