"""What can happen to a run, done to real processes: `python -m tests.resilience` prints the table."""
