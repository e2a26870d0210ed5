"""What would keep a fleet from starting: checks of account and fleet, reading only."""
