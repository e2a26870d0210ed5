"""The same run, started by something other than a person: a clock."""
