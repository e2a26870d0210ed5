"""The runtime state of workstations: overrides, limits, On-Demand fallback, failed launches."""
