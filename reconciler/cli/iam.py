"""`reconcile iam`: what each role may do, for the site the YAML declares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exits, options
from reconciler.cli.places import fleet_paths

if TYPE_CHECKING:
    from reconciler.declare.fleet import Site
    from reconciler.render.look import Look

_FOOTNOTE = re.compile(r" ?\[\d+\]")
"""Sources, which docs/permissions.md lists and a terminal does not."""

ROLES = ("plan", "apply", "developer", "instance", "scheduler")


@click.command(
    cls=options.Command,
    examples=(
        "reconcile iam --role apply                 # each statement and its reason",
        "reconcile iam --role apply -o json         # the policy, as IAM takes it",
        "reconcile iam --role plan --trust --repository acme/gpu-fleets -o json",
    ),
    short_help="Print the IAM policy of a role.",
)
@click.option(
    "--role",
    cls=options.Option,
    group="What",
    required=True,
    type=click.Choice(ROLES),
    metavar="ROLE",
    help=f"Whose policy: {', '.join(ROLES[:-1])} or {ROLES[-1]}.",
)
@click.option(
    "--trust",
    cls=options.Option,
    group="What",
    is_flag=True,
    help="Who may take the role, instead of what it may do.",
)
@click.option(
    "--repository",
    cls=options.Option,
    group="What",
    metavar="NAME",
    default="",
    help="For --trust: the repository, as the subject of GitHub's tokens names it.",
)
@options.fleets
@options.manners("text", "json")
@click.pass_context
def iam(
    ctx: click.Context,
    /,
    role: str,
    trust: bool,
    repository: str,
    fleets: tuple[str, ...],
    **_manners: Any,
) -> int:
    """Print what a role may do: the calls that are made, in the site's account and regions.

    With `-o json` stdout is the document itself. Makes no AWS call.
    """
    console = options.console(ctx)
    if repository and not trust:
        raise click.UsageError("--repository is for --trust.")
    from reconciler.aws import policies
    from reconciler.declare.load import load

    site = load(fleet_paths(fleets))
    console.site = site.name
    if trust:  # three lines long: it has no other form
        console.json(policies.trust(site, role, repository))
    elif console.output == "json":
        console.json(policies.policy(site, role))
    else:
        console.result(_text(site, role, console.look))
    return exits.DONE


def _text(site: Site, role: str, look: Look) -> str:
    from reconciler.aws import policies

    used = policies.size(policies.policy(site, role))
    lines = [
        f"The {role} role of {site.name}, account {site.account}: "
        f"{used:,} of {policies.LIMIT:,} characters",
    ]
    for each in policies.statements(site, role):
        document = each.document
        denied = document["Effect"] == "Deny"
        title = look.paint(
            "remove" if denied else "strong", f"{document['Effect']} {document['Sid']}"
        )
        spared = "all but " if "NotAction" in document else ""
        actions = ", ".join(document.get("Action") or document["NotAction"])
        lines += ["", f"{title}: {_FOOTNOTE.sub('', each.why)}"]
        lines += look.wrap(spared + actions, "    ", "    ")
        lines += [
            line for arn in document["Resource"] for line in look.wrap(arn, "    on ", "    ")
        ]
        for operator, keys in document.get("Condition", {}).items():
            for key, value in keys.items():
                values = value if isinstance(value, str) else ", ".join(value)
                lines += look.wrap(f"{operator} {key}: {values}", "    when ", "         ")
    return look.finish(lines)
