"""What each command of `workstation` does, and the write of an override."""
