"""The agent of a workstation: Python's standard library only, one file when it is delivered."""
