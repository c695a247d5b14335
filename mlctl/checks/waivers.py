"""Exceptions from rules and Checkov checks, each with a reason, an owner and an end. They stand in policies/waivers.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from mlctl.config.base import Email, Section
from mlctl.config.yaml_file import YamlFile, read_yaml
from mlctl.errors import InputError
from mlctl.finding import Finding, Severity, Status

_LONGEST_DAYS = 400


def _specific(pattern: str) -> str:
    letters = sum(character.isalnum() for character in pattern)
    if letters < 3:
        raise ValueError("matches (nearly) everything; name the resource, its type or its folder")
    return pattern


class Waiver(Section):
    """One exception."""

    rule: str = Field(min_length=3)
    """Id of one rule or Checkov check; no pattern."""
    resource: Annotated[str, AfterValidator(_specific)]
    """URN, or file, or model; `*` and `?` stand for any text. The part after the last `::` of a URN is enough."""
    environments: tuple[str, ...] = ()
    """Where it holds; empty: everywhere."""
    reason: str = Field(min_length=20)
    """Why the rule is wrong here, in a sentence that an auditor understands."""
    owner: Email
    """Who answers for it."""
    ticket: str = Field(min_length=2)
    """Where it was decided."""
    expires: date
    """Last day on which it holds."""

    standing: bool = False
    """Kept although nothing needs it yet: for what appears only once a model serves. Such a waiver is never called unused."""

    def holds(self, environment: str, today: date) -> bool:
        """Whether it is in force."""
        return self.expires >= today and (not self.environments or environment in self.environments)

    def covers(self, finding: Finding, environment: str) -> bool:
        """Whether it is about this finding."""
        if finding.id != self.rule or (self.environments and environment not in self.environments):
            return False
        name = finding.resource.rpartition("::")[2]
        return any(fnmatchcase(candidate, self.resource) for candidate in (finding.resource, name, finding.file or "\0"))


class _WaiverFile(Section):
    waivers: tuple[Waiver, ...] = ()


@dataclass(slots=True, kw_only=True)
class Waivers:
    """The file, read; remembers which of its entries were needed."""

    entries: tuple[Waiver, ...] = ()
    source: YamlFile | None = None
    _used: set[int] = field(default_factory=set)

    def apply(self, findings: Iterable[Finding], environment: str, today: date) -> list[Finding]:
        """The findings, with waived ones marked. An expired waiver waives nothing."""
        marked = []
        for finding in findings:
            covering = [index for index, waiver in enumerate(self.entries) if waiver.covers(finding, environment)]
            self._used.update(covering)
            valid = [self.entries[index] for index in covering if self.entries[index].expires >= today]
            if valid and finding.status in (Status.FAIL, Status.NOT_EVALUATED):
                message = f"{finding.message} (waived until {valid[0].expires}, {valid[0].ticket}: {valid[0].reason})"
                finding = replace(finding, status=Status.WAIVED, message=message, blocks=False)
            marked.append(finding)
        return marked

    def faults(
        self, today: date, rules: Collection[str], *, environments: Collection[str], judged: Collection[str], scanned: Collection[str]
    ) -> list[Finding]:
        """Findings about the waivers themselves, once everything was judged.

        Parameters
        ----------
        rules
            Ids that exist. Checkov's are recognised by `CKV`.
        environments
            All there are. Only a waiver whose environments, or all where it names none, were judged can be unused.
        judged
            Those of which every stack was judged by our rules.
        scanned
            Those that Checkov has seen whole.
        """
        found = []
        for index, waiver in enumerate(self.entries):
            checkov = waiver.rule.startswith(("CKV", "checkov"))
            decided = set(waiver.environments or environments) <= set(scanned if checkov else judged)
            if waiver.rule not in rules and not checkov:
                message = f"there is no rule {waiver.rule}"
                found.append(self._fault("waiver-unknown-rule", "A waiver names a rule that exists", index, message))
            elif waiver.expires < today:
                found.append(self._fault("waiver-expired", "No waiver is past its end", index, f"ended on {waiver.expires}"))
            elif (waiver.expires - today).days > _LONGEST_DAYS:
                days = f"ends in {(waiver.expires - today).days} days; {_LONGEST_DAYS} is the most"
                found.append(self._fault("waiver-too-long", "Waivers are looked at once a year", index, days))
            elif decided and index not in self._used and not waiver.standing:
                found.append(self._fault("waiver-unused", "Every waiver is needed", index, "waives nothing"))
        return found

    def _fault(self, name: str, title: str, index: int, message: str) -> Finding:
        waiver = self.entries[index]
        return Finding(
            id=name,
            title=title,
            severity=Severity.MEDIUM,
            status=Status.FAIL,
            resource=f"{waiver.rule} on {waiver.resource}",
            message=message,
            remediation="Remove the waiver, or renew it with its owner.",
            file="/".join(self.source.path.parts[-2:]) if self.source else None,
            line=self.source.line(("waivers", index)) if self.source else None,
            blocks=True,
        )


def read_waivers(path: Path) -> Waivers:
    """Read policies/waivers.yaml; no file means no waivers.

    Raises
    ------
    InputError
        A waiver lacks something, is too broad, or has a key that does not exist.
    """
    if not path.exists():
        return Waivers()
    source = read_yaml(path)
    try:
        return Waivers(entries=_WaiverFile.model_validate(source.value).waivers, source=source)
    except ValidationError as error:
        raise _refusal(error, source) from None


def _refusal(error: ValidationError, source: YamlFile) -> InputError:
    # An unknown key first: it is often the missing one, misspelt.
    problem: Any = min(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
    location: Sequence[str | int] = problem["loc"]
    message = problem["msg"].removeprefix("Value error, ")
    return InputError(
        "is missing" if problem["type"] == "missing" else message[0].lower() + message[1:],
        file=source.path,
        line=source.line(tuple(location)),
        key=".".join(map(str, location)),
        allowed=f"the keys {', '.join(Waiver.model_fields)}" if problem["type"] == "extra_forbidden" else None,
    )
