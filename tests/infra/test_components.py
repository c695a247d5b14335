"""What holds for every component of infra/, found by reading the code and by walking the plans."""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlctl.plan.model import Plan, Resource
from mlctl.plan.schema import load

ROOT = Path(__file__).parents[2]
REQUIRED_TAGS = {"environment", "team", "cost-centre", "service", "managed-by", "repository"}
PlanOf = Callable[[str], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component class as it stands in the code."""

    file: str
    node: ast.ClassDef

    @property
    def init(self) -> ast.FunctionDef:
        return next(item for item in self.node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")

    @property
    def token(self) -> str:
        """First argument of `super().__init__(…)`."""
        for call in ast.walk(self.init):
            is_super = isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
            if is_super and isinstance(call, ast.Call) and isinstance(call.args[0], ast.Constant):
                return str(call.args[0].value)
        raise AssertionError(f"{self.file}: {self.node.name} does not call super().__init__ with its token")


def discover() -> Iterator[Component]:
    for path in sorted((ROOT / "infra").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("ComponentResource") for base in node.bases):
                yield Component(file=str(path.relative_to(ROOT)), node=node)


COMPONENTS = list(discover())
each = pytest.mark.parametrize("component", COMPONENTS, ids=[f"{item.file}:{item.node.name}" for item in COMPONENTS])


@pytest.fixture(scope="module")
def resources(plan_of: PlanOf, served: Sequence[Resource], notebooks: Sequence[Resource]) -> tuple[Resource, ...]:
    """Everything in the plans of the shipped environments, and of two in which models serve in every way and notebooks run on SageMaker."""
    shipped = [resource for name in ("dev", "staging", "prod") for resource in plan_of(name).resources()]
    return (*shipped, *served, *notebooks)


@each
def test_type_token_names_area_and_class(component: Component) -> None:
    package, area, name = component.token.split(":")
    assert (package, name) == ("mlplatform", component.node.name)
    assert area.isalpha() and area.islower()


@each
def test_docstring_says_what_it_creates(component: Component) -> None:
    assert (ast.get_docstring(component.node) or "").startswith("Creates ")


@each
def test_takes_name_and_options(component: Component) -> None:
    arguments = component.init.args
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    assert names[:2] == ["self", "name"] and names[-1] == "opts"
    default = [*arguments.defaults, *arguments.kw_defaults][-1]
    assert default is not None and ast.unparse(default) == "None"


@each
def test_arguments_are_frozen_and_by_keyword(component: Component) -> None:
    annotations = [ast.unparse(argument.annotation) for argument in component.init.args.args if argument.annotation]
    for name in (name for name in annotations if name.endswith("Args")):
        tree = ast.parse((ROOT / component.file).read_text(encoding="utf-8"))
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        if name in classes:
            [decorator] = [ast.unparse(item) for item in classes[name].decorator_list]
            assert "frozen=True" in decorator and "kw_only=True" in decorator


@each
def test_outputs_are_registered(component: Component) -> None:
    calls = [ast.unparse(node.func) for node in ast.walk(component.node) if isinstance(node, ast.Call)]
    assert calls.count("self.register_outputs") == 1


def test_tokens_are_unique() -> None:
    found = defaultdict(list)
    for component in COMPONENTS:
        found[component.token].append(component.file)
    assert {token: files for token, files in found.items() if len(files) > 1} == {}


def test_every_component_has_children_in_a_plan(resources: Sequence[Resource]) -> None:
    parents = {resource.parent for resource in resources}
    with_children = {resource.type for resource in resources if not resource.custom and resource.urn in parents}
    rendered = (ROOT / "workflows" / "rendered").is_dir()
    unused = set() if rendered else {component.token for component in COMPONENTS if component.file.endswith("/workflow_manifests.py")}
    assert {component.token for component in COMPONENTS} - with_children - unused == set()


def test_children_are_parented_to_their_component(resources: Sequence[Resource]) -> None:
    types = {resource.urn: resource.type for resource in resources}
    component_files = {component.file for component in COMPONENTS}
    outside = {
        resource.urn
        for resource in resources
        if resource.custom and resource.file in component_files and not types.get(resource.parent or "", "").startswith("mlplatform:")
    }
    assert outside == set()


def test_names_begin_with_the_component_s_own(resources: Sequence[Resource]) -> None:
    names = {resource.urn: resource.name for resource in resources if resource.type.startswith("mlplatform:")}
    wrong = {
        f"{names[resource.parent]} → {resource.type} {resource.name}"
        for resource in resources
        if resource.parent in names
        and resource.type.startswith(("aws:", "mlplatform:"))
        and not resource.name.startswith(names[resource.parent])
    }
    assert wrong == set()


def test_everything_taggable_carries_the_required_tags(resources: Sequence[Resource]) -> None:
    catalogue = load("aws")
    assert catalogue is not None
    providers = {resource.urn: resource for resource in resources if resource.type == "pulumi:providers:aws"}
    missing = {}
    for resource in resources:
        if not resource.type.startswith("aws:") or not resource.custom:
            continue
        schema = catalogue.inputs(resource.type)
        assert schema is not None, f"no schema of {resource.type}"
        if "tags" in schema.properties:
            provider = providers[(resource.provider or "").rpartition("::")[0]]
            given = set(_default_tags(provider)) | set(resource.inputs.get("tags") or {})
            if lacking := REQUIRED_TAGS - given:
                missing[resource.urn] = sorted(lacking)
    assert missing == {}


def _default_tags(provider: Resource) -> dict[str, str]:
    value = provider.inputs["defaultTags"]
    decoded = json.loads(value) if isinstance(value, str) else value
    return dict(decoded["tags"])
