"""Through how many files and functions of the product five things go: `make walks`."""
