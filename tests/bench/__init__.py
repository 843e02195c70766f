"""Measured comparisons: `make bench`, or `python tests/bench/run.py --help`."""
