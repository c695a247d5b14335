"""Counts what the proofs compare, and writes docs/fidelity.md of it."""

from __future__ import annotations

from dataclasses import dataclass, field

COMPARISONS = {
    "registrations": "Resources of the plans, and what the same programs register over Pulumi's own protocol",
    "preview": "Resources of the plans, and of `pulumi preview` by the real engine, before anything is made",
    "state": "Resources and exports of the plans, and what `pulumi up` by the real engine has made, from its `stack export`",
    "lifecycle": "Resources of a plan with a served model, and the state after `pulumi up` had failed half-way and was run again",
    "inputs": "Inputs of the plans: the planner's verdict, and that of Pulumi's own reading of the SDKs",
    "generated inputs": "Generated inputs, most of them wrong: the planner's verdict, and that of Pulumi's own reading of the SDKs",
    "generated objects": "Generated Kubernetes objects that the planner refuses: a real API server refuses them too",
    "objects": "Kubernetes objects of the plans: a real API server accepts them (server-side dry run, strict fields, CRDs)",
    "pods": "Good and bad pods: a real API server with the plan's admission policies accepts and refuses them",
    "workflow pods": "Pods and volume claims of the rendered workflows: a real API server with the plan's policies and quotas admits them",
    "workflow objects": "Rendered workflows and the objects they create: a real API server accepts them (dry run, strict fields, CRDs)",
    "chart objects": "Objects and pods of the charts that can be had: the chart knows the plan's values, a real API server accepts them",
    "argo lint": "Rendered workflows and the runner's manifests: `argo lint` judges them as stated",
    "pack": "Resources judged by the gate, and by the policy pack over Pulumi's analyzer protocol",
    "pack samples": "Disallowed samples of the rules, judged by the gate and by the policy pack",
    "engine policies": "Resources judged by the gate, and by `pulumi preview --policy-pack policies/pack` of the real engine",
    "engine broken": "Resources that a program breaks, one per rule: the gate and `pulumi preview --policy-pack` say the same",
    "argo manifests": "Manifests of the local runner's test set: Argo's controller and executor do what they say",
    "argo model": "Files of the model that `churn-training` registers on Argo and on a laptop, byte by byte",
    "workflows": "GitHub workflows: actionlint finds nothing",
}
"""Everything that a whole run compares."""

NOT_PROVEN = {
    "Pulumi's Python language host": "the tests' own runs the programs and the policy pack, over the same protocol and with the SDK's"
    " settings.",
    "The AWS and Kubernetes providers": "the tests' own providers stand in their place: they check inputs against the"
    " schema, answer with the planner's placeholders, add no defaults and no made-up names, and replace nothing. Names, types, required"
    " inputs and enums are those of the SDKs at the pinned versions, which are generated from the providers' schemas; what a provider"
    " checks beyond its schema is not known here.",
    "The CRDs of the Knative operator": "its Go module was refused. Objects of its kinds are listed below.",
    "The other charts of infra/charts.py": "their sources stand in no Go module that is served, so nothing here says that they take the"
    " values which infra/ gives them.",
    "Moto in the place of AWS": "it needs the AWS provider.",
}
"""What could not be compared, and what that leaves open."""

EXPLAINED = {
    "Aliases": "the engine keeps an alias only where it found the resource under it, so a plan has more of them. What a program says is"
    " compared above, and that an alias works is among the tests of the lifecycle.",
    "Ids of providers": "the engine makes a random one. The tests compare the provider's URN.",
    "Default providers": "the engine lists them in its state and not in a preview, where resources name them all the same.",
    "Hashes of files": "the engine adds one to each file and archive among the inputs. The tests leave it out.",
    "The engine's own provider of stack references": "it stands in an export and not in a preview; the reader leaves it out of both.",
    "Numbers and booleans that the cloud computes": "they are unknown in plan and preview. After an update the tests accept any.",
    "Whole numbers in messages of the policy pack": "the engine hands the pack its configuration with every number as a float, so a"
    " rule that prints one says `version 4.0` in the engine and `version 4` in the gate. The tests compare the messages without the `.0`.",
    "Strings of which a part is not known": "during a preview the engine does not know such a string at all, and a rule that reads it is"
    " not run; the gate knows the rest and judges that. The tests give both the string with its known part.",
    "Objects of a cluster that is still to be made": "in a preview the engine asks no provider whose own configuration is not known, and"
    " shows the rules over a stack such objects without a single property. These rules then say that they could not run; the gate judges.",
    "Secrets": "the engine shows a rule the text; a plan keeps none, so in the gate such a rule is *not evaluated*. The tests give both"
    " none.",
    "Argo Workflows 3.7.4": "the chart installs 3.7.3. The next patch release is the one that can be had, so it judges here.",
    "PriorityClass without `value`": "the provider's schema requires it, so the planner refuses it; the API server takes 0 for it.",
}
"""Differences that are known and harmless, with what the tests do about them."""


@dataclass
class Fidelity:
    """What was compared with what, by the name of the comparison."""

    versions: dict[str, str] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    not_judged: set[str] = field(default_factory=set)
    """Kubernetes kinds whose CRD is not there."""

    def record(self, name: str, compared: int, differences: list[str]) -> None:
        """Adds to a comparison; a difference is one line of text."""
        if name not in COMPARISONS:
            raise KeyError(name)
        self.compared[name] = self.compared.get(name, 0) + compared
        self.differences.setdefault(name, []).extend(differences)

    @property
    def complete(self) -> bool:
        """Whether everything was compared: only then is there a page to write."""
        return self.compared.keys() == COMPARISONS.keys()

    def page(self) -> str:
        """docs/fidelity.md."""
        rows = [f"| {text} | {self.compared[name]} | {len(self.differences[name])} |" for name, text in COMPARISONS.items()]
        found = [f"- {name}: {line}" for name in COMPARISONS for line in self.differences[name]]
        parts = [
            "# How true the offline plan is",
            "`make test-engine` writes this page from its last whole run. A difference is a failure, not a warning.",
            "\n".join(["| compared | how many | differences |", "| --- | ---: | ---: |", *rows]),
            *(["## Differences", "\n".join(found)] if found else []),
            "## Explained",
            "\n".join(f"- **{name}**: {why}" for name, why in EXPLAINED.items()),
            "## Versions",
            "\n".join(f"- {name} {version}" for name, version in sorted(self.versions.items())),
            "## Not proven",
            "What could not be had where this was written, and what that leaves open.",
            "\n".join(f"- **{name}**: {why}" for name, why in NOT_PROVEN.items()),
            "## Kubernetes kinds that were not judged",
            "\n".join(f"- {kind}" for kind in sorted(self.not_judged)) or "None.",
        ]
        return "\n\n".join(parts) + "\n"
