"""Compare the desired with the live resources, and guard the plan: values and pure functions."""
