"""Try the product on an AWS account: walk a workstation's life, answer the open questions.

`make acceptance` runs it. docs/tested-on-aws.md says what was seen so far, and where.
"""

SITE = "reconciler-acceptance"
"""The site's name, the value of its tags, and how every name that is made here begins."""

MADE = "reconciler-acceptance:made"
"""The tag of what the program itself makes. With the site's tag it would be in the site's plans."""
