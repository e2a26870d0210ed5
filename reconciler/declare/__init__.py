"""YAML to frozen values: positions, schema, layers, rules. Pure: no AWS, no clock."""
