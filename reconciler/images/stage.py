"""Scripts that bring the stages to a builder and run them, and survive a builder that is killed.

A stage runs as a unit of systemd beside the command, which only starts it and asks for it: a stage
may replace the SSM Agent, and a killed `reconcile ami build` loses nothing. Asking again is always
safe: it is the same script, whoever asks.
"""

from __future__ import annotations

import base64
import gzip
import io
import re
import shlex
import tarfile
from collections.abc import Iterator, Mapping
from datetime import timedelta

from reconciler.images import command
from reconciler.images.command import Output
from reconciler.images.model import BakeFailed, Context, Recipe

FOLDER = "/usr/share/ws/ami"
STATE = "/var/lib/ws-bake"
CHUNK = 30_000
"""Characters of base64 in one command, well below the 64 KB of a document."""

RUNNING = 75  # EX_TEMPFAIL: ask again
LIMIT = timedelta(minutes=90)
"""Of one stage."""
INTERVAL = 10.0
LOST_COMMANDS = 6
"""In a row, while an agent is replaced or the machine restarts."""

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")


def archive(recipe: Recipe) -> bytes:
    """Pack the folder as tar.gz: the same bytes for the same files."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(recipe.files):
            member = tarfile.TarInfo(path)
            member.size = len(recipe.files[path])
            member.mode = 0o755 if path in recipe.programs else 0o644
            tar.addfile(member, io.BytesIO(recipe.files[path]))
    return gzip.compress(plain.getvalue(), mtime=0)


def delivery(recipe: Recipe) -> Iterator[str]:
    """Yield the scripts that put the folder on the machine; each can run again."""
    text = base64.b64encode(archive(recipe)).decode()
    chunks = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    for number, chunk in enumerate(chunks):
        lines = "\n".join(chunk[start : start + 1000] for start in range(0, len(chunk), 1000))
        yield (
            f"set -eu\numask 077\nmkdir -p {STATE}\n"
            f"cat > {STATE}/part.new <<'END'\n{lines}\nEND\n"
            f"mv {STATE}/part.new {STATE}/part-{number:03}\n"
        )
    parts = " ".join(f"{STATE}/part-{number:03}" for number in range(len(chunks)))
    yield (
        f'set -eu\numask 022\ntest "$(cat {STATE}/delivered 2>/dev/null)" != {recipe.content} '
        "|| exit 0\n"
        f"rm -rf {FOLDER}.new\nmkdir -p {FOLDER}.new\n"
        f"cat {parts} | base64 -d | tar -xz --no-same-owner -C {FOLDER}.new\n"
        f"rm -rf {FOLDER}\nmv {FOLDER}.new {FOLDER}\n"
        f"echo {recipe.content} > {STATE}/delivered\n"
    )


def question(name: str, path: str, environment: Mapping[str, str]) -> str:
    """Write the script that starts a stage, or asks for it; its exit code is that of the stage.

    75: it runs. 194: it asks for a restart, which the SSM Agent makes before it runs this script
    again (Systems Manager user guide, "Handle reboots when running commands").
    """
    exports = "\n".join(f"export {key}={shlex.quote(environment[key])}" for key in environment)
    state, unit = f"{STATE}/{name}", f"ws-bake-{name}"
    return f"""set -u
umask 022
mkdir -p {STATE}
boot=$(cat /proc/sys/kernel/random/boot_id)
if [ -e {state}.code ]; then
  read -r code at < {state}.code
  if [ "$code" != 194 ]; then
    tail -c 8000 {state}.out
    tail -c 4000 {state}.err >&2
    exit "$code"
  fi
  if [ "$at" = "$boot" ]; then exit 194; fi
  restarts=$(cat {state}.restarts 2>/dev/null || echo 0)
  if [ "$restarts" -ge 3 ]; then
    echo "it asked for a restart after each of 3 restarts" >&2
    exit 1
  fi
  echo $((restarts + 1)) > {state}.restarts
  rm -f {state}.code
fi
if systemctl is-active --quiet {unit}; then
  tail -n 1 {state}.out 2>/dev/null
  exit {RUNNING}
fi
if [ -e {state}.code ]; then exit {RUNNING}; fi
cat > {state}.run <<'END'
{exports}
bash {path} > {state}.out 2> {state}.err
code=$?
if [ "$code" = {RUNNING} ]; then code=1; fi
echo "$code $(cat /proc/sys/kernel/random/boot_id)" > {state}.code.new
mv {state}.code.new {state}.code
END
systemctl reset-failed {unit} 2>/dev/null
systemd-run --quiet --collect --unit={unit} /bin/bash {state}.run
exit {RUNNING}
"""


CLEANUP = f"rm -rf {STATE}\n"
"""What the builder itself has left on the machine."""


def deliver(context: Context, instance_id: str, recipe: Recipe) -> None:
    """Bring the folder to the builder. Raises: Lost, BakeFailed."""
    for number, script in enumerate(delivery(recipe), 1):
        for _ in range(LOST_COMMANDS):
            output = command.run(context, instance_id, script, f"ami: copy the stages ({number})")
            if output.code != -1:
                break
        if output.code != 0:
            raise BakeFailed(f"the stages could not be copied: {_last(output)}")


def wait(
    context: Context, instance_id: str, name: str, path: str, environment: Mapping[str, str]
) -> Output:
    """Run a stage to its end, and report its progress. Raises: Lost, BakeFailed for its time."""
    script = question(name, path, environment)
    begun, lost, shown = context.now(), 0, ""
    while context.now() - begun < LIMIT:
        output = command.run(context, instance_id, script, f"ami: {name}")
        if output.code == -1:
            lost += 1
            if lost == LOST_COMMANDS:
                return output
        elif output.code != RUNNING:
            return output
        else:
            lost = 0
            progress = (output.stdout.strip().splitlines() or [""])[-1][:200]
            if progress and progress != shown:
                shown = progress
                context.say(progress)
        context.pause(INTERVAL)
    raise BakeFailed(f"{name} did not end within {LIMIT.seconds // 60} minutes")


def _last(output: Output) -> str:
    lines = (output.stderr.strip() or output.stdout.strip()).splitlines()
    return lines[-1][:500] if lines else f"exit code {output.code}, no output"


def reason(output: Output) -> str:
    """Say in one line why a stage failed: what is not ok, else its last line."""
    bad = [line for line in output.stdout.splitlines() if line.startswith("not ok")]
    text = "; ".join(bad[:5])[:1000] if bad else _last(output)
    return f"exit code {output.code}: {text}"
