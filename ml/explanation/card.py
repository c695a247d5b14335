"""The model card: what a person should know before relying on the model, in Markdown, from the evidence."""

from __future__ import annotations

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
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head(spec: ModelSpec, bundle: dict[str, Any] | None) -> str:
    regulated = "regulated" if spec.regulated else "not regulated"
    act = f"at {spec.decision.threshold:g} and above: "
    act += spec.decision.adverse_word if spec.decision.expected_event == "adverse" else spec.decision.favourable_word
    lines = [
        f"# {spec.name}",
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
    for gate in [*evaluation["gates"], evaluation["champion"]]:
        name = gate["metric"] if gate["scope"] == "all" else f"{gate['metric']} less the champion's"
        wanted = f"{gate['direction'].replace('_', ' ')} {gate['threshold']:g}"
        lines.append(f"| {name} | {_short(gate['estimate'])} | {_range(gate)} | {wanted} | {_word(gate['verdict'])} |")
    return "\n".join(lines)


def _segments(evaluation: dict[str, Any] | None) -> str:
    if evaluation is None or not evaluation["segments"]:
        return "## Segments\n\nNone declared."
    lines = ["## Segments", "", "| segment | rows | metric | value | verdict |", "| --- | ---: | --- | ---: | --- |"]
    for item in evaluation["segments"]:
        value = _short(item["estimate"])
        lines.append(f"| {item['scope']} | {item['rows']} | {item['metric']} | {value} | {_word(item['verdict'])} |")
    return "\n".join(lines)


def _fairness(fairness: dict[str, Any] | None) -> str:
    if fairness is None:
        return "## Fairness\n\nNot evaluated."
    lines = [
        "## Fairness",
        "",
        "| groups by | adverse-impact ratio | 95 % interval | equalised-odds difference | not evaluated | verdict |",
        "| --- | ---: | --- | ---: | --- | --- |",
    ]
    for item in fairness["attributes"]:
        ratio, odds = _short(item["adverse_impact_ratio"]), _short(item["equalised_odds_difference"])
        between = "" if item["ratio_low"] is None else f"{item['ratio_low']:.2f} to {item['ratio_high']:.2f}"
        left_out = "; ".join(item["not_evaluated"]) or "none"
        lines.append(f"| {item['attribute']} | {ratio} | {between} | {odds} | {left_out} | {_word(item['verdict'])} |")
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
