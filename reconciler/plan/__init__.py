"""From what is wanted and what is there to what to do; and doing it."""
