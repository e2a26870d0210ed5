#!/usr/bin/env bash
# The agent ws with its units, from agent/.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
need agent.version
version=$(value agent.version)
[[ $version =~ ^[0-9][0-9A-Za-z.+-]{0,30}$ ]] || refuse "WS_AGENT_VERSION: $version is not a version"

# The same sources give the same bytes: fixed times, fixed order.
new=$(mktemp)
python3 -I - "$ami/agent" "$version" "$new" <<'PYTHON'
import sys, zipfile
from pathlib import Path
agent, version, target = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
modules = {"__main__.py": "import sys\nfrom ws.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"}
for path in (agent / "ws").glob("*.py"):
    modules["ws/" + path.name] = path.read_text().replace('VERSION = ""\n', 'VERSION = "%s"\n' % version)
with zipfile.ZipFile(target, "w") as archive:
    for name in sorted(modules):
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, modules[name])
PYTHON
place "$new" /usr/lib/ws/ws.pyz 644
rm "$new"
rootfs usr/bin/ws etc/profile.d/ws.sh
install -d -m 755 /etc/ws /etc/ws/on-interrupt.d

for unit in "$ami"/agent/units/*; do
    [ -e "$unit" ] || fail "agent/units is empty: is the folder complete?"
    name=$(basename "$unit")
    place "$unit" "/etc/systemd/system/$name" 644
    if grep -q '^\[Install\]' "$unit"; then enable "$name"; fi
done
fact agent "$version"
finish
