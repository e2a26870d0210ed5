"""Bugs of a boot: a home that is formatted, taken or mounted when it must not be."""

from __future__ import annotations

from tests.seeded.bug import Bug

VOLUME = "ami/agent/ws/volume.py"
VOLUMES = ("tests/machine/test_volume.py",)
BOOTS = ("tests/machine/test_boot.py",)
ACCOUNTS = ("tests/machine/test_account.py",)
HOST_KEYS = ("tests/machine/test_hostkeys.py",)
METADATA = ("tests/machine/test_imds.py",)

BOOTING = (
    Bug(
        "a disk that cannot be read counts as blank",
        VOLUME,
        '    if done.code == 2 and not done.output and blank:\n        return ""',
        '    if done.code == 2:\n        return ""',
        VOLUMES,
    ),
    Bug(
        "a blank volume is formatted whatever its tags",
        VOLUME,
        '.get(FORMAT) != "allowed":',
        '.get(FORMAT) == "denied":',
        VOLUMES,
    ),
    Bug(
        "the permission to format outlives the format",
        VOLUME,
        "        if FORMAT in describe(aws, volume_id)[1]:",
        '        if describe(aws, volume_id)[1].get(FORMAT) == "used":',
        VOLUMES,
    ),
    Bug(
        "a volume is attached whatever its tags",
        VOLUME,
        '    if {key: tags.get(f"reconciler:{key}") for key in names} != names:',
        "    if not names:",
        VOLUMES,
    ),
    Bug(
        "a volume is found by the name of another",
        VOLUME,
        "        if file.read_text().strip() == serial:",
        "        if serial.startswith(file.read_text().strip()[:4]):",
        VOLUMES,
    ),
    Bug(
        "a damaged home counts as ready",
        VOLUME,
        """if not found or "ro" in found.options.split(",")""",
        "if not found",
        VOLUMES,
    ),
    Bug(
        "a failed tag stops the boot",
        "ami/agent/ws/phase.py",
        "    except (AwsError, Unknown) as error:\n",
        "    except Unknown as error:\n",
        BOOTS,
    ),
    Bug(
        "the boot gives up",
        "ami/agent/ws/boot.py",
        "    while True:\n        try:\n            step()",
        "    for _ in range(30):\n        try:\n            step()",
        BOOTS,
    ),
    Bug(
        "a shared file system that fails stops the home",
        "ami/agent/ws/boot.py",
        "        except (Failed, OSError, LookupError) as error:\n            notes",
        "        except (OSError, LookupError) as error:\n            notes",
        BOOTS,
    ),
    Bug(
        "the account keeps its user id whoever owns the home",
        "ami/agent/ws/boot.py",
        "    account.make(host, settings, owner)\n",
        "    account.make(host, settings, 0)\n",
        ACCOUNTS,
    ),
    Bug(
        "root trusts host keys that the person put there",
        "ami/agent/ws/account.py",
        "if found.st_uid == owner and found.st_mode == stat.S_IFREG | 0o600:",
        "if found.st_mode == stat.S_IFREG | 0o600:",
        HOST_KEYS,
    ),
    Bug(
        "root follows a link to the host keys",
        "ami/agent/ws/account.py",
        "os.O_NOFOLLOW | os.O_NONBLOCK)",
        "os.O_NONBLOCK)",
        HOST_KEYS,
    ),
    Bug(
        "a metadata service without tokens says that there is nothing",
        "ami/agent/ws/imds.py",
        "if error.code == 404 and self.token:",
        "if error.code == 404:",
        METADATA,
    ),
    Bug(
        "a token is used after its end",
        "ami/agent/ws/imds.py",
        "                if self.clock() > self.until:\n",
        "                if self.clock() > self.until + 3600:\n",
        METADATA,
    ),
)
