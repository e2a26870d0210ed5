"""The security groups of EFS: NFS, from the client to the mount target only (EFS user guide,
"Using VPC security groups")."""

from reconciler.kinds.home_kind import Network

NETWORK = Network(
    role="efs",
    title="EFS",
    label="NFS",
    ports=((2049, 2049),),
    servers_connect=False,
    in_every_vpc=False,
)
