"""A plan for a terminal."""

from __future__ import annotations

from collections import Counter

from mlctl.plan.model import Plan, Resource, StackPlan


def plan_text(plan: Plan) -> str:
    """Each stack: what it reads, its resources as a tree with the line that wrote each, what went wrong."""
    lines = [f"{plan.environment} ({plan.source})"]
    for stack in plan.stacks:
        lines += ["", *_stack(stack)]
    total = Counter(resource.package for resource in plan.resources() if resource.custom and resource.package != "pulumi")
    lines += ["", f"{sum(total.values())} resources: " + ", ".join(f"{count} {package}" for package, count in total.most_common())]
    return "\n".join(lines)


def _stack(stack: StackPlan) -> list[str]:
    reads = f", reads {', '.join(stack.references)}" if stack.references else ""
    custom = sum(resource.custom and resource.package != "pulumi" for resource in stack.resources)
    lines = [f"{stack.name}: {stack.status}, {custom} resources{reads}"]
    children: dict[str | None, list[Resource]] = {}
    known = {resource.urn for resource in stack.resources}
    for resource in stack.resources:
        if resource.type != "pulumi:pulumi:Stack" and not resource.type.startswith("pulumi:providers:"):
            children.setdefault(resource.parent if resource.parent in known else None, []).append(resource)
    root = next((resource.urn for resource in stack.resources if resource.type == "pulumi:pulumi:Stack"), None)
    for top in [*children.get(root, []), *(children.get(None, []) if root else [])]:
        lines += _tree(top, children, 1)
    for error in stack.errors:
        where = f"{error.file}:{error.line}: " if error.line else f"{error.file}: " if error.file else ""
        lines.append(f"  ERROR {where}{error.key + ': ' if error.key else ''}{error.problem}")
        lines += [f"        {title}: {text}" for title, text in (("allowed", error.allowed), ("do", error.remedy)) if text]
        lines += [f"        {line}" for line in (error.traceback or "").splitlines()]
    lines += [f"  | {message}" for message in stack.messages]
    return lines


def _tree(resource: Resource, children: dict[str | None, list[Resource]], depth: int) -> list[str]:
    where = f"  {resource.file}:{resource.line}" if resource.file else ""
    protect = " (protected)" if resource.protect else ""
    lines = [f"{'  ' * depth}{resource.name}  {resource.type}{protect}{where}"]
    for child in children.get(resource.urn, []):
        lines += _tree(child, children, depth + 1)
    return lines
