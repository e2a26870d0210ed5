"""Systems Manager: moto's, but that a command goes where it is sent."""

from __future__ import annotations

from reconciler.sandbox.operations import AwsError, Call, MotoResult, operation


@operation("ssm", "SendCommand")
def send_command(call: Call) -> MotoResult:
    """Moto believes every instance id; AWS answers InvalidInstanceId for one that is not there or
    does not run. [M ssm.SendCommand]"""
    for instance_id in call.params.get("InstanceIds", []):
        instance = call.ec2.get_instance_by_id(instance_id)
        if instance is None or instance.state != "running":
            raise AwsError("InvalidInstanceId", f"Instance {instance_id} is not in a valid state.")
    return call.moto()
