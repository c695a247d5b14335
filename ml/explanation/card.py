"""The model card: what a person should know before relying on the model, in Markdown, from the evidence."""

from __future__ import annotations

import html
from typing import Any

from ml.spec import ModelSpec


def model_card(spec: ModelSpec, evidence: dict[str, dict[str, Any]]) -> str:
    """Return the card.

    Parameters
    ----------
    evidence
        What the steps found: `bundle`, `screening`, `evaluation`, `fairness`, `explanation`, `package`, `decision`;
        each may be missing, and the card then says so.
    """
    parts = [
        _head(spec, evidence.get("bundle")),
        _performance(evidence.get("evaluation")),
        _segments(evidence.get("evaluation")),
        _fairness(evidence.get("fairness")),
        _screening(spec, evidence.get("screening")),
        _explanation(evidence.get("explanation")),
        _serving(evidence.get("package")),
        _decision(evidence.get("decision")),
    ]
    return (
        html.escape("\n\n".join(part.strip() for part in parts), quote=False) + "\n"
    )  # words of the model file and the data are no markup


def _head(spec: ModelSpec, bundle: dict[str, Any] | None) -> str:
    regulated = "regulated" if spec.regulated else "not regulated"
    above, below = spec.decision.adverse_word, spec.decision.favourable_word
    if spec.decision.expected_event != "adverse":
        above, below = below, above
    act = f"{above} at a score of {spec.decision.threshold:g} and above, {below} below"
    lines = [
        f"# {spec.name}",
        "",
        spec.description,
        "",
        f"- Owner: {spec.owner.team} ({spec.owner.contact}); {regulated}",
        f"- Decision: {act}",
        f"- Algorithm: {spec.training.algorithm}",
        f"- Features: {', '.join(spec.features)}",
        f"- Never used: {', '.join(spec.prohibited) or 'no column is prohibited'}",
    ]
    if bundle is not None:
        settings = ", ".join(f"{name} {_short(value)}" for name, value in sorted(bundle["parameters"].items()))
        lines += [
            f"- Settings: {settings}",
            f"- Data: {bundle['data_hash'][:12]}, contract {bundle['contract_version']}, seed {bundle['seed']}",
            f"- Model: sha256 {bundle['model_sha256'][:12]}",
        ]
    return "\n".join(lines)


def _performance(evaluation: dict[str, Any] | None) -> str:
    if evaluation is None:
        return "## Performance\n\nNot evaluated."
    lines = [
        "## Performance",
        "",
        f"On the latest {evaluation['rows']} rows, with 95 % bootstrap intervals.",
        "",
        "| metric | value | interval | wanted | verdict |",
        "| --- | ---: | --- | --- | --- |",
    ]
    lines += [_gate(gate["metric"], gate) for gate in evaluation["gates"]]
    champion = evaluation["champion"]
    if champion["estimate"] is None:
        return "\n".join([*lines, "", f"Against the champion: {champion['detail']}.", *_noisy(evaluation["gates"])])
    return "\n".join([*lines, _gate(f"{champion['metric']} less the champion's", champion), *_noisy(evaluation["gates"])])


def _gate(name: str, gate: dict[str, Any]) -> str:
    wanted = f"{gate['direction'].replace('_', ' ')} {gate['threshold']:g}"
    return f"| {name} | {_short(gate['estimate'])} | {_range(gate)} | {wanted} | {_word(gate['verdict'])} |"


def _noisy(gates: list[dict[str, Any]]) -> list[str]:
    """Why a value may lie outside its own interval."""
    names = [gate["metric"] for gate in gates if gate["low"] is not None and not gate["low"] <= gate["estimate"] <= gate["high"]]
    return ["", f"Drawing rows anew adds noise, which {', '.join(names)} counts as error: its interval lies above it."] if names else []


def _segments(evaluation: dict[str, Any] | None) -> str:
    if evaluation is None or not evaluation["segments"]:
        return "## Segments\n\nNone declared."
    metrics = list(dict.fromkeys(item["metric"] for item in evaluation["segments"]))
    lines = ["## Segments", "", f"| segment | rows | {' | '.join(metrics)} |", "| --- | ---: |" + " --- |" * len(metrics)]
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for item in evaluation["segments"]:
        found.setdefault(item["scope"], {})[item["metric"]] = item
    for scope, items in found.items():
        cells = [_judged(items[metric]) for metric in metrics]
        lines.append(f"| {_cell(scope.replace('=', ': ', 1))} | {next(iter(items.values()))['rows']} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "A segment fails where even the better end of its interval misses the gate."])


def _judged(item: dict[str, Any]) -> str:
    return _word(item["verdict"]) if item["estimate"] is None else f"{_short(item['estimate'])} {_word(item['verdict'])}"


def _fairness(fairness: dict[str, Any] | None) -> str:
    if fairness is None:
        return "## Fairness\n\nNot evaluated."
    lines = [
        "## Fairness",
        "",
        "| groups by | adverse-impact ratio | 95 % interval | equalised-odds difference | groups not evaluated | verdict |",
        "| --- | ---: | --- | ---: | --- | --- |",
    ]
    for item in fairness["attributes"]:
        ratio, odds = _short(item["adverse_impact_ratio"]), _short(item["equalised_odds_difference"])
        between = "" if item["ratio_low"] is None else f"{item['ratio_low']:.2f} to {item['ratio_high']:.2f}"
        left_out = str(len(item["not_evaluated"])) if item["intersection"] else _cell(", ".join(item["not_evaluated"])) or "none"
        lines.append(f"| {item['attribute']} | {ratio} | {between} | {odds} | {left_out} | {_word(item['verdict'])} |")
    lines += ["", "Not evaluated are groups with too few rows, and people who did not say."]
    said = [f"- {item['detail']}" for item in fairness["attributes"] if item["verdict"] != "pass"]
    return "\n".join([*lines, *(["", *said] if said else [])])


def _screening(spec: ModelSpec, screening: dict[str, Any] | None) -> str:
    if screening is None or not screening["screened"]:
        return "## Stand-ins for prohibited columns\n\nNo column is prohibited, or screening was not run."
    measured = [item for item in screening["screened"] if item["association"] is not None]
    strongest = sorted(measured, key=lambda item: -item["association"])[:5]
    lines = ["## Stand-ins for prohibited columns", "", f"Strongest associations (allowed up to {spec.proxy.threshold:g}):", ""]
    lines += [f"- {item['feature']} and {item['attribute']}: {item['association']:.2f}" for item in strongest]
    return "\n".join(lines)


def _explanation(explanation: dict[str, Any] | None) -> str:
    if explanation is None:
        return "## What moves the score\n\nNot evaluated."
    lines = ["## What moves the score", "", f"Mean absolute contribution ({explanation['method']}, {explanation['unit']}):", ""]
    lines += [f"- {item['feature']}: {item['importance']:.3f}" for item in explanation["importance"]]
    return "\n".join(lines)


def _serving(package: dict[str, Any] | None) -> str:
    if package is None:
        return "## Serving\n\nNot packaged."
    words = [f"{name.replace('_', ' ')}: {_short(value)}" for name, value in sorted(package.items())]
    simple = [word for word, value in zip(words, (package[key] for key in sorted(package)), strict=True) if _simple(value)]
    return "\n".join(["## Serving", "", *(f"- {word}" for word in simple)])


def _decision(decision: dict[str, Any] | None) -> str:
    if decision is None:
        return "## Decision\n\nNot decided."
    lines = ["## Decision", "", "Promote." if decision["promote"] else "Do not promote.", ""]
    lines += [f"- {item['name']}: {_word(item['verdict'])}, {item['detail']}" for item in decision["checks"]]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return text that stays in its cell of a table."""
    return " ".join(text.replace("|", "\\|").split())


def _word(verdict: str) -> str:
    return verdict.replace("_", " ")


def _simple(value: Any) -> bool:
    return isinstance(value, bool | int | float | str)


def _range(gate: dict[str, Any]) -> str:
    return "" if gate["low"] is None else f"{gate['low']:.3f} to {gate['high']:.3f}"


def _short(value: Any) -> str:
    if value is None:
        return "not evaluated"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
