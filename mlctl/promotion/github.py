"""GitHub's REST API, as far as this repository needs it: pull requests, one comment kept up to date, one issue per topic.

https://docs.github.com/en/rest (version 2022-11-28). Every call may be repeated: what is there is found and updated.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from mlctl.errors import InputError
from mlctl.promotion.service import Service, expect

BASE = "https://api.github.com"


class GitHub:
    """One repository.

    Parameters
    ----------
    repository
        `owner/name`.
    token
        Of an app, an action or a person; needs the right of what is done and no more.
    base
        The API's address: GitHub's, or an enterprise server's.
    """

    def __init__(self, repository: str, token: str, *, base: str = BASE, attempts: int = 3) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise InputError(f"{repository!r} is no repository", key="repository", allowed="owner/name")
        self.owner = repository.partition("/")[0]
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        self.service = Service(name="GitHub", base=f"{base.rstrip('/')}/repos/{repository}", headers=headers, attempts=attempts)

    @classmethod
    def from_environment(cls, repository: str) -> GitHub:
        """With GITHUB_TOKEN and, where set, GITHUB_API_URL.

        Raises
        ------
        InputError
            There is no token.
        """
        token = os.environ.get("GITHUB_TOKEN", "")
        if not token:
            raise InputError(
                "GITHUB_TOKEN is not set", remedy="export a token that may do this; in a workflow: env: GITHUB_TOKEN: ${{ github.token }}"
            )
        return cls(repository, token, base=os.environ.get("GITHUB_API_URL", BASE))

    def pull_request(self, *, branch: str, base: str, title: str, body: str) -> str:
        """Open the pull request of a branch, or update the open one; its address."""
        query = {"head": f"{self.owner}:{branch}", "base": base, "state": "open"}
        found = expect(self.service, self.service.ask("GET", "/pulls", query=query).body, list, "list of pull requests")
        if found:
            number = _number(self.service, found[0])
            answer = self.service.ask("PATCH", f"/pulls/{number}", json={"title": title, "body": body})
        else:
            answer = self.service.ask("POST", "/pulls", json={"head": branch, "base": base, "title": title, "body": body})
        return str(expect(self.service, (answer.body or {}).get("html_url"), str, "html_url"))

    def comment(self, number: int, *, marker: str, body: str) -> str:
        """Write one comment, or bring the one with this marker up to date; its address."""
        text = f"{_mark(marker)}\n{body}"
        found = self._marked(f"/issues/{number}/comments", marker)
        if found is not None:
            answer = self.service.ask("PATCH", f"/issues/comments/{_id(self.service, found)}", json={"body": text})
        else:
            answer = self.service.ask("POST", f"/issues/{number}/comments", json={"body": text})
        return str(expect(self.service, (answer.body or {}).get("html_url"), str, "html_url"))

    def issue(self, *, marker: str, title: str, body: str) -> str:
        """Open the issue with this marker, or bring the open one up to date; its address."""
        text = f"{_mark(marker)}\n{body}"
        found = self._marked("/issues", marker, state="open")
        if found is not None:
            answer = self.service.ask("PATCH", f"/issues/{_number(self.service, found)}", json={"title": title, "body": text})
        else:
            answer = self.service.ask("POST", "/issues", json={"title": title, "body": text})
        return str(expect(self.service, (answer.body or {}).get("html_url"), str, "html_url"))

    def close_issue(self, *, marker: str, reason: str) -> str | None:
        """Close the open issue with this marker, saying why; None where there is none."""
        found = self._marked("/issues", marker, state="open")
        if found is None:
            return None
        number = _number(self.service, found)
        self.service.ask("POST", f"/issues/{number}/comments", json={"body": reason})
        answer = self.service.ask("PATCH", f"/issues/{number}", json={"state": "closed"})
        return str(expect(self.service, (answer.body or {}).get("html_url"), str, "html_url"))

    def open_pull_request(self, head: str, commit: str) -> int | None:
        """The number of the open pull request of `owner:branch` at this commit; None where there is none, or it has moved on."""
        found = expect(
            self.service, self.service.ask("GET", "/pulls", query={"head": head, "state": "open"}).body, list, "list of pull requests"
        )
        for item in found:
            at = item.get("head") if isinstance(item, dict) else None
            if isinstance(at, dict) and at.get("sha") == commit:
                return _number(self.service, item)
        return None

    def start(self, workflow: str, *, ref: str, inputs: Mapping[str, str]) -> None:
        """Run a workflow that may be dispatched. Not repeated where the answer is lost: it would run twice."""
        self.service.ask("POST", f"/actions/workflows/{workflow}/dispatches", json={"ref": ref, "inputs": dict(inputs)})

    def _marked(self, path: str, marker: str, **query: str) -> dict[str, Any] | None:
        """The first item whose body begins with the marker, page by page."""
        for page in range(1, 51):
            answer = self.service.ask("GET", path, query={**query, "per_page": "100", "page": str(page)})
            items = expect(self.service, answer.body, list, "list")
            for item in items:
                body = item.get("body") if isinstance(item, dict) else None
                if isinstance(body, str) and body.startswith(_mark(marker)):
                    return dict(item)
            if len(items) < 100:
                break
        return None


def _mark(marker: str) -> str:
    if not re.fullmatch(r"[a-z0-9 -]+", marker):
        raise InputError(f"{marker!r} is no marker", key="--marker", allowed="small letters, digits, spaces and hyphens")
    return f"<!-- mlctl {marker} -->"


def _number(service: Service, item: Any) -> int:
    return int(expect(service, item.get("number") if isinstance(item, dict) else None, int, "number"))


def _id(service: Service, item: dict[str, Any]) -> int:
    return int(expect(service, item.get("id"), int, "id"))
