"""GPU workstations on AWS Spot, declared in YAML and kept true by a loop."""

__version__ = "0.1.0"
