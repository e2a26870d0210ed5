"""The machine of a workstation: its agent, its instance file, and the user data with both."""
