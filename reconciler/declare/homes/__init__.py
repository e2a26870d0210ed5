"""The types of homes, by their key under `storage.home`; one module each.

`reconciler/kinds/homes` has the same keys: what AWS has to do with each type.
"""

from collections.abc import Mapping

from reconciler.declare.homes import ebs, efs, fsx_lustre
from reconciler.declare.homes.questions import FileSystemType, HomeType

FILE_SYSTEMS: Mapping[str, FileSystemType] = {"fsx_lustre": fsx_lustre, "efs": efs}
"""The types that a fleet can share, by the `type` of an entry under `file_systems`."""

HOMES: Mapping[str, HomeType] = {"ebs": ebs, **FILE_SYSTEMS}
