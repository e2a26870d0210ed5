"""The program `reconcile`: one file per command."""
