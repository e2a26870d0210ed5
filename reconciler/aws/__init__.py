"""The way to AWS: credentials, clients, two doors, and AWS's errors in our words."""
