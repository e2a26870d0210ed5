"""The same workstations as a Terraform module, in Terraform's JSON form.

What people write by hand: one map, `for_each`, lookups of what is there. Each workstation is a
file system, a launch template, a group and two schedules; two security groups with their rules,
a topic, an event rule and a schedule group are shared, as the reconciler shares them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import sites

SERVICES = ("autoscaling", "ec2", "events", "fsx", "iam", "scheduler", "sns", "ssm", "sts")
PREFIX = "tf"


def write(folder: Path, size: int) -> Path:
    """The module, in one file."""
    folder.mkdir(parents=True)
    document = {
        "terraform": {
            "required_providers": {
                "aws": {"source": "hashicorp/aws", "version": ">= 5.0"},
            }
        },
        "variable": {"endpoint": {"type": "string"}},
        "provider": {"aws": _provider()},
        "locals": {
            "workstations": {
                sites.workstation(n): {
                    "fleet": sites.fleet(n),
                    "owner": f"{sites.workstation(n)}@example.com",
                }
                for n in range(size)
            }
        },
        "data": _lookups(),
        "resource": _shared() | _each(),
    }
    (folder / "main.tf.json").write_text(json.dumps(document, indent=1))
    return folder


def _provider() -> dict[str, Any]:
    return {
        "region": "us-east-1",
        "access_key": "sandbox",
        "secret_key": "sandbox",
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
        "endpoints": dict.fromkeys(SERVICES, "${var.endpoint}"),
    }


def _lookups() -> dict[str, Any]:
    return {
        "aws_subnets": {
            "private": {
                "filter": [
                    {"name": "tag:Tier", "values": ["private"]},
                    {"name": "availability-zone", "values": ["us-east-1a", "us-east-1b"]},
                ]
            }
        },
        "aws_subnet": {"first": {"id": "${sort(data.aws_subnets.private.ids)[0]}"}},
        "aws_ssm_parameter": {"image": {"name": "/golden/gpu-desktop"}},
        "aws_iam_role": {"scheduler": {"name": "workstation-scheduler"}},
    }


def _shared() -> dict[str, Any]:
    vpc = "${data.aws_subnet.first.vpc_id}"
    groups = "${aws_security_group.%s.id}"
    return {
        "aws_security_group": {
            name: {"name": f"{PREFIX}-{name}", "description": name, "vpc_id": vpc}
            for name in ("workstation", "lustre")
        },
        "aws_vpc_security_group_ingress_rule": {
            f"lustre_{peer}": {
                "security_group_id": groups % "lustre",
                "referenced_security_group_id": groups % peer,
                "ip_protocol": "tcp",
                "from_port": 988,
                "to_port": 988,
            }
            for peer in ("workstation", "lustre")
        },
        "aws_vpc_security_group_egress_rule": {
            "workstation": {
                "security_group_id": groups % "workstation",
                "cidr_ipv4": "0.0.0.0/0",
                "ip_protocol": "-1",
            }
        },
        "aws_sns_topic": {"events": {"name": f"{PREFIX}-events"}},
        "aws_cloudwatch_event_rule": {
            "events": {
                "name": f"{PREFIX}-events",
                "event_pattern": json.dumps(
                    {
                        "source": ["aws.ec2"],
                        "detail-type": ["EC2 Spot Instance Interruption Warning"],
                    }
                ),
            }
        },
        "aws_cloudwatch_event_target": {
            "events": {
                "rule": "${aws_cloudwatch_event_rule.events.name}",
                "target_id": "topic",
                "arn": "${aws_sns_topic.events.arn}",
            }
        },
        "aws_scheduler_schedule_group": {"site": {"name": PREFIX}},
    }


def _each() -> dict[str, Any]:
    many = {"for_each": "${local.workstations}"}
    tags = {"Fleet": "${each.value.fleet}", "Owner": "${each.value.owner}"}
    return {
        "aws_fsx_lustre_file_system": {
            "home": {
                **many,
                "storage_capacity": 1200,
                "deployment_type": "PERSISTENT_2",
                "per_unit_storage_throughput": 125,
                "subnet_ids": ["${data.aws_subnet.first.id}"],
                "security_group_ids": ["${aws_security_group.lustre.id}"],
                "tags": {"Name": f"{PREFIX}-${{each.key}}/home", **tags},
            }
        },
        "aws_launch_template": {"workstation": {**many, **_template(tags)}},
        "aws_autoscaling_group": {"workstation": {**many, **_group()}},
        "aws_scheduler_schedule": {
            action: {**many, **_schedule(action, hour, capacity)}
            for action, hour, capacity in (("start", 9, 1), ("stop", 19, 0))
        },
    }


def _template(tags: dict[str, str]) -> dict[str, Any]:
    instance_file = {
        "workstation": "${each.key}",
        "owner": "${each.value.owner}",
        "dns_name": "${aws_fsx_lustre_file_system.home[each.key].dns_name}",
        "mount_name": "${aws_fsx_lustre_file_system.home[each.key].mount_name}",
    }
    return {
        "name": f"{PREFIX}-${{each.key}}",
        "image_id": "${data.aws_ssm_parameter.image.insecure_value}",
        "update_default_version": True,
        "iam_instance_profile": {"name": "workstation"},
        "vpc_security_group_ids": ["${aws_security_group.workstation.id}"],
        "block_device_mappings": [
            {
                "device_name": "/dev/sda1",
                "ebs": {
                    "volume_type": "gp3",
                    "volume_size": sites.ROOT_GIB,
                    "iops": 3000,
                    "throughput": 125,
                    "encrypted": "true",
                    "delete_on_termination": "true",
                },
            }
        ],
        "metadata_options": {
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
        },
        "user_data": f"${{base64encode(jsonencode({_expression(instance_file)}))}}",
        "tag_specifications": [{"resource_type": "volume", "tags": tags}],
    }


def _expression(values: dict[str, str]) -> str:
    """A map in Terraform's own language: inside `${}` there is no second `${}`."""
    return "{" + ", ".join(f"{k} = {v[2:-1]}" for k, v in values.items()) + "}"


def _group() -> dict[str, Any]:
    template = "aws_launch_template.workstation[each.key]"
    tags = {
        "Name": f"{PREFIX}-${{each.key}}",
        "Fleet": "${each.value.fleet}",
        "Owner": "${each.value.owner}",
    }
    return {
        "name": f"{PREFIX}-${{each.key}}",
        "min_size": 0,
        "max_size": 1,
        "health_check_grace_period": 600,
        "vpc_zone_identifier": "${sort(data.aws_subnets.private.ids)}",
        "suspended_processes": ["AZRebalance"],
        "mixed_instances_policy": {
            "instances_distribution": {
                "on_demand_base_capacity": 0,
                "on_demand_percentage_above_base_capacity": 0,
                "on_demand_allocation_strategy": "lowest-price",
                "spot_allocation_strategy": "price-capacity-optimized",
            },
            "launch_template": {
                "launch_template_specification": {
                    "launch_template_id": f"${{{template}.id}}",
                    "version": f"${{{template}.latest_version}}",
                },
                "override": [
                    {
                        "instance_requirements": {
                            "vcpu_count": {"min": 4, "max": 16},
                            "memory_mib": {"min": 16384},
                            "accelerator_count": {"min": 1, "max": 1},
                            "accelerator_manufacturers": ["nvidia"],
                            "accelerator_types": ["gpu"],
                            "accelerator_total_memory_mib": {"min": 22888},
                        }
                    }
                ],
            },
        },
        "tag": [
            {"key": key, "value": value, "propagate_at_launch": True} for key, value in tags.items()
        ],
        "lifecycle": {"ignore_changes": ["desired_capacity"]},
    }


def _schedule(action: str, hour: int, capacity: int) -> dict[str, Any]:
    group = "aws_autoscaling_group.workstation[each.key].name"
    parameters = f"{{AutoScalingGroupName = {group}, DesiredCapacity = {capacity}}}"
    return {
        "name": f"${{each.key}}-{action}",
        "group_name": "${aws_scheduler_schedule_group.site.name}",
        "schedule_expression": f"cron(0 {hour} ? * MON-FRI *)",
        "schedule_expression_timezone": "Europe/Berlin",
        "flexible_time_window": {"mode": "OFF"},
        "target": {
            "arn": "arn:aws:scheduler:::aws-sdk:autoscaling:setDesiredCapacity",
            "role_arn": "${data.aws_iam_role.scheduler.arn}",
            "input": f"${{jsonencode({parameters})}}",
            "retry_policy": {
                "maximum_retry_attempts": 3,
                "maximum_event_age_in_seconds": 900,
            },
        },
    }
