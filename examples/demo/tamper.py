"""What somebody does in the console on a Friday: two changes that nobody wrote down."""

import boto3

autoscaling = boto3.client("autoscaling")
autoscaling.update_auto_scaling_group(AutoScalingGroupName="acme-alice", MaxSize=3)
print("acme-alice may now have 3 instances instead of 1")

scheduler = boto3.client("scheduler")
[name] = [
    schedule["Name"]
    for schedule in scheduler.list_schedules(GroupName="acme")["Schedules"]
    if schedule["Name"].startswith("alice-stop-")
]
scheduler.delete_schedule(GroupName="acme", Name=name)
print("alice's workstation no longer stops in the evening")
