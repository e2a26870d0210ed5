"""Who gets an answer, and over which wire."""
