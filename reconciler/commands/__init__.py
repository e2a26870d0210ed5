"""The commands of `workstation`: each one's reads and writes, and the write of an override."""
