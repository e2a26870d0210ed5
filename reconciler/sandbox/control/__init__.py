"""What happens to the world on request: interruptions, a lack of capacity, time."""
