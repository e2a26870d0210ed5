"""The agent of a workstation: Python's standard library only, one file when it is delivered."""

VERSION = ""  # set where it is delivered, to the version of the product
