"""The program `workstation`: one file per command, or for several alike."""
