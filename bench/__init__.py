"""How fast the client library is, each figure beside its baseline: `make bench`."""
