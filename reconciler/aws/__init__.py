"""The transport to AWS: credentials, clients, `call` and `pages`, AWS's errors as ours."""
