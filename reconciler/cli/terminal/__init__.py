"""Streams, signals, errors and exit codes, for all programs."""
