"""Which time zone data local times are read with: the newer of the system's and the package's.

`zoneinfo` reads the system's data wherever there is any, however old, and the `tzdata` package only
for a zone that the system lacks. Governments change their clocks with weeks of notice, and AWS
updates its own data; with older data a stop is an hour off.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tzdata

PACKAGE = "the tzdata package"


@dataclass(frozen=True)
class ZoneData:
    """Time zone data: its release, such as `2026f`, and where it is from."""

    release: str
    source: str  # a folder, or PACKAGE
    passed_over: str = ""  # the other one, as `2025b in /usr/share/zoneinfo`

    def __str__(self) -> str:
        """`2026f (the tzdata package; 2025b in /usr/share/zoneinfo is not newer)`."""
        older = f"; {self.passed_over} is not newer" if self.passed_over else ""
        return f"{self.release} ({self.source}{older})"


@cache
def in_use() -> ZoneData:
    """Choose the data, once, and make every later `ZoneInfo` of this process read it."""
    chosen = choose(zoneinfo.TZPATH, tzdata.IANA_VERSION)
    if chosen.source == PACKAGE:
        zoneinfo.reset_tzpath(())  # without folders, zoneinfo reads the package
        zoneinfo.ZoneInfo.clear_cache()
    return chosen


def choose(folders: Iterable[str], packaged: str) -> ZoneData:
    """Choose the newer of the package's zone data and that of the first folder with zones.

    A folder that does not say its release is taken for older.
    """
    folder = next((path for path in folders if Path(path, "Etc").is_dir()), "")
    if not folder:
        return ZoneData(packaged, PACKAGE)
    release = _release(Path(folder))
    if release > packaged:  # `2025b` < `2025c` < `2026a`
        return ZoneData(release, folder, f"{packaged} of {PACKAGE}")
    return ZoneData(packaged, PACKAGE, f"{release or 'data of an unknown release'} in {folder}")


def _release(folder: Path) -> str:
    """The release a folder says it has; "" if it says none.

    `tzdata.zi` begins with `# version 2025b` (Linux); `+VERSION` holds it alone (macOS, BSD).
    """
    for name, mark in (("tzdata.zi", "# version "), ("+VERSION", "")):
        try:
            with (folder / name).open(encoding="ascii") as file:
                line = file.readline(80).strip()
        except (OSError, UnicodeDecodeError):
            continue
        if line.startswith(mark):
            return line.removeprefix(mark)
    return ""
