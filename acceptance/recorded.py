"""Run `reconcile` or `workstation` as they are, with a recorder on every AWS call.

`python -m acceptance.recorded ACTOR PROGRAM ARGUMENTS…`
"""

from __future__ import annotations

import sys
from typing import Any

import botocore.session

from acceptance.record import from_environment


def main() -> int:
    """Run the program; its exit code."""
    actor, program, *arguments = sys.argv[1:]
    recorder, original = from_environment(actor), botocore.session.get_session

    def get_session(*given: Any, **named: Any) -> Any:
        session = original(*given, **named)
        recorder.listen(session)
        return session

    # Before the product imports it: there is no other place where a session can be met.
    botocore.session.get_session = get_session
    if program == "workstation":
        from reconciler.cli.workstation.command import main as workstation

        return workstation(arguments)
    from reconciler.cli.reconcile.command import main as reconcile

    return reconcile(arguments)


if __name__ == "__main__":
    sys.exit(main())
