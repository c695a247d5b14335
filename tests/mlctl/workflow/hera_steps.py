"""Functions the manifests run through Hera's runner."""

from typing import Annotated

from hera.workflows import Artifact, ArtifactLoader, Parameter, script


@script(constructor="runner")
def numbers(count: int) -> tuple[Annotated[list, Artifact(name="numbers")], Annotated[int, Parameter(name="length")]]:  # type: ignore[type-arg]
    return list(range(count)), count


@script(constructor="runner")
def total(length: int, numbers: Annotated[list[int], Artifact(name="numbers", loader=ArtifactLoader.json)]) -> int:
    assert len(numbers) == length
    return sum(numbers)


@script(constructor="runner")
def broken() -> None:
    raise ValueError("no good")
