"""Bugs in who may reach whom: the sandbox, the endpoint of a session, the files of ssh."""

from __future__ import annotations

from tests.seeded.bug import Bug

ACCESS = ("tests/sandbox/test_access.py",)
ENDPOINTS = ("tests/aws/test_endpoints.py",)
SSH = ("tests/power/test_ssh_config.py",)
IN_SANDBOX = ("tests/power/test_connect.py",)

REACHING = (
    Bug(
        "the sandbox answers any host",
        "reconciler/sandbox/server/access.py",
        "        if host not in hosts:\n",
        "        if not host:\n",
        ACCESS,
    ),
    Bug(
        "the sandbox answers pages",
        "reconciler/sandbox/server/access.py",
        'if "HTTP_ORIGIN" in environ or site != "none":',
        'if site not in ("none", "cross-site"):',
        ACCESS,
    ),
    Bug(
        "the sandbox takes any key",
        "reconciler/sandbox/server/access.py",
        "if not _same(scope.key, (self.key, *self.temporary())):",
        "if not scope.key:",
        ACCESS,
    ),
    Bug(
        "the control takes any key",
        "reconciler/sandbox/server/access.py",
        'if scheme != "Bearer" or not _same(key, (self.key,)):',
        'if scheme != "Bearer":',
        ACCESS,
    ),
    Bug(
        "the sandbox answers every service of moto",
        "reconciler/sandbox/server/access.py",
        "        if scope.service not in self.services:\n",
        "        if not scope.service:\n",
        ACCESS,
    ),
    Bug(
        "moto may choose any of its services",
        "reconciler/sandbox/server/application.py",
        "    if backend not in _MOTO:\n",
        "    if not backend:\n",
        ACCESS,
    ),
    Bug(
        "some services here and others on AWS",
        "reconciler/aws/endpoints.py",
        "        if near and far:\n",
        "        if near and far and not urls:\n",
        ENDPOINTS,
    ),
    Bug(
        "two commands write ssh's files at once",
        "reconciler/cli/workstation/ssh_files.py",
        "fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(held, fcntl.LOCK_UN)",
        SSH,
    ),
    Bug(
        "a sandbox rewrites the real ~/.ssh",
        "reconciler/cli/workstation/connect.py",
        "ssh_config=wish.ssh_config and not in_sandbox)",
        "ssh_config=wish.ssh_config)",
        IN_SANDBOX,
    ),
    Bug(
        "an instance id of any form",
        "reconciler/commands/connect.py",
        "if not INSTANCE.fullmatch(self.instance):",
        "if not INSTANCE.match(self.instance):",
        SSH,
    ),
)
