"""`reconcile iam`: print the policy of each role, for the site that the YAML declares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import options
from reconciler.cli.paths import fleet_paths
from reconciler.cli.terminal import exit_codes

if TYPE_CHECKING:
    from reconciler.cli.terminal.console import Console
    from reconciler.declare.fleet import Site
    from reconciler.render.style import Style

_FOOTNOTE = re.compile(r" ?\[\d+\]")
"""Sources, which docs/permissions.md lists and a terminal does not."""

_LARGEST = 2**20  # bytes of a policy; IAM takes 6,144 characters

ROLES = ("plan", "apply", "developer", "instance", "scheduler", "image")


@click.command(
    cls=options.Command,
    examples=(
        "reconcile iam --role apply                 # each statement and its reason",
        "reconcile iam --role apply -o json         # the policy, as IAM takes it",
        "reconcile iam --role plan --trust --repository acme@12/fleets@34 -o json",
        "reconcile iam --role apply --against apply-policy.json   # what would be new",
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
    help="Print the trust policy instead: who may assume the role.",
)
@click.option(
    "--repository",
    cls=options.Option,
    group="What",
    metavar="NAME",
    default="",
    help="For --trust: the repository, as the subject of GitHub's tokens names it.",
)
@click.option(
    "--repository-id",
    cls=options.Option,
    group="What",
    metavar="NUMBER",
    default="",
    help="For --trust: the repository's id at GitHub, if the subject does not contain it.",
)
@click.option(
    "--workflows",
    cls=options.Option,
    group="What",
    metavar="PREFIX",
    default="reconcile",
    help="For --trust: how the workflow files' names begin.  [default: reconcile, as in "
    "reconcile-apply.yml]",
)
@click.option(
    "--against",
    cls=options.Option,
    group="What",
    type=click.Path(),
    metavar="FILE",
    help="Print only what would be new against this policy in JSON; exit 3 if anything is.",
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
    repository_id: str,
    workflows: str,
    against: str | None,
    fleets: tuple[str, ...],
    **_manners: Any,
) -> int:
    """Print the policy of a role: the calls of the program, in the site's account and regions.

    With `-o json` stdout is the policy document itself. The command makes no AWS call.
    """
    console = options.console(ctx)
    if (repository or repository_id) and not trust:
        raise click.UsageError("--repository is for --trust.")
    if against and trust:
        raise click.UsageError("--against compares what a role may do, not its --trust.")
    from reconciler.aws import policies
    from reconciler.aws.github import Repository
    from reconciler.declare.load import load

    site = load(fleet_paths(fleets))
    console.site = site.name
    if against:
        return _compare(console, site, role, against)
    if trust:  # three lines long: it has no other form
        where = Repository(repository, repository_id, workflows) if repository else None
        console.json(policies.trust(site, role, where))
    elif console.output == "json":
        console.json(policies.policy(site, role))
    else:
        console.result(_text(site, role, console.style))
    return exit_codes.DONE


def _compare(console: Console, site: Site, role: str, against: str) -> int:
    """What would be new, and what is gone; 3 when something is new, as for pending changes."""
    from reconciler.aws import policies
    from reconciler.aws.policy_difference import added, statement, statements
    from reconciler.aws.policy_sources import wanted_by
    from reconciler.render import rights

    existing = statements(_read(against))
    generated = [statement(each.document) for each in policies.statements(site, role)]
    new = [(right, wanted_by(site, right)) for right in added(generated, existing)]
    gone = added(existing, generated)
    if console.output == "json":
        console.json(rights.document(site.name, role, new, gone))
    else:
        console.result(rights.text(site.name, role, new, gone, console.style))
    return exit_codes.PENDING if new else exit_codes.DONE


def _read(path: str) -> object:
    """A file of JSON. Raises: UsageError for any other."""
    import json
    from pathlib import Path

    from reconciler.errors import UsageError

    try:
        with Path(path).open("rb") as file:
            return json.loads(file.read(_LARGEST))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} is not JSON: put the policy that the role has into it, as `-o json` prints it"
        ) from error


def _text(site: Site, role: str, style: Style) -> str:
    from reconciler.aws import policies

    used = policies.size(policies.policy(site, role))
    lines = [
        f"The {role} role of {site.name}, account {site.account}: "
        f"{used:,} of {policies.LIMIT:,} characters",
    ]
    if used > policies.MANAGED:
        how = (
            "Attach it as an inline policy, `aws iam put-role-policy`: a managed one takes "
            f"{policies.MANAGED:,} characters."
        )
        lines += style.wrap(how, "", "")
    for each in policies.statements(site, role):
        document = each.document
        denied = document["Effect"] == "Deny"
        title = style.paint(
            "remove" if denied else "strong", f"{document['Effect']} {document['Sid']}"
        )
        spared = "all but " if "NotAction" in document else ""
        actions = ", ".join(document.get("Action") or document["NotAction"])
        lines += ["", f"{title}: {_FOOTNOTE.sub('', each.why)}"]
        lines += style.wrap(spared + actions, "    ", "    ")
        lines += [
            line for arn in document["Resource"] for line in style.wrap(arn, "    on ", "    ")
        ]
        for operator, keys in document.get("Condition", {}).items():
            for key, value in keys.items():
                values = value if isinstance(value, str) else ", ".join(value)
                lines += style.wrap(f"{operator} {key}: {values}", "    when ", "         ")
    return style.finish(lines)
