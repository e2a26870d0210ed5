"""A live workstation: its Auto Scaling group, its instance, and what the runtime tags say."""
