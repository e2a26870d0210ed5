"""The hours of a workstation: as the YAML declares them, and as its live schedules say."""
