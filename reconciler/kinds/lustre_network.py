"""The security groups of FSx for Lustre.

Lustre's servers open connections to each other and back to clients: the servers' group admits
itself and the clients', and the clients' group the servers' (TCP 988 and 1018-1023; FSx for Lustre
user guide, "File system access control with Amazon VPC").
"""

from reconciler.kinds.home_kind import Network

NETWORK = Network(
    role="lustre",
    title="FSx for Lustre",
    label="Lustre",
    ports=((988, 988), (1018, 1023)),
    servers_connect=True,
    in_every_vpc=True,  # as it always was: a group in use is not taken away
)
