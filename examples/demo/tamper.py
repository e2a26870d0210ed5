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
schedule = scheduler.get_schedule(GroupName="acme", Name=name)
scheduler.update_schedule(
    **{key: schedule[key] for key in ("Name", "GroupName", "FlexibleTimeWindow", "Target")},
    ScheduleExpression="cron(0 23 ? * MON-FRI *)",
    ScheduleExpressionTimezone=schedule["ScheduleExpressionTimezone"],
)
print("alice's workstation now stops at 23:00 instead of 19:00")
