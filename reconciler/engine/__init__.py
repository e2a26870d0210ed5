"""The run, from a declaration to its report: once, in a loop, on an event, until AWS is ready."""
