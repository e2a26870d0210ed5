"""The commands: options, streams, exit codes. The only package that prints."""
