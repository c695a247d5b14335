"""A plan as a Terraform plan, for scanners that read nothing else."""

from mlctl.checks.terraform.document import TerraformPlan, build_terraform_plan, terraform_plan

__all__ = ["TerraformPlan", "build_terraform_plan", "terraform_plan"]
