"""When a workstation starts and stops: what the YAML says, and what stands in AWS."""
