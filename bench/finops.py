"""How long a month of hourly charges takes: `python -m bench.finops [--workloads 5000] [--form csv|parquet|allocations]`.

Writes 720 hours of October 2026 for each workload (3.6 million rows for 5,000) as FOCUS 1.2 CSV, as FOCUS Parquet, or as an answer of the
allocation API in its published shape; reports it in a process of its own, and prints seconds and the peak memory of the largest process.
Without --form all three follow each other. Aim: 30 s and 2 GB on two cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent
_HOURS = 720
_TEAMS, _MODELS = ("lending", "retention", "ml-platform", ""), ("credit-risk", "churn", "", "")
_HEADER = (
    "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargeClass,"
    "ChargeDescription,ChargePeriodStart,ChargePeriodEnd,ContractedCost,EffectiveCost,InvoiceIssuerName,ListCost,PricingQuantity,"
    "PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName,ResourceId,RegionId,SubAccountId,Tags\n"
)
_SAMPLE = _ROOT / "mlctl" / "finops" / "samples" / "allocation_day.json"


def _times() -> Iterator[tuple[int, str, str]]:
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    for hour in range(_HOURS):
        start, end = begin + timedelta(hours=hour), begin + timedelta(hours=hour + 1)
        yield hour, f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}"


def _usd(number: int, hour: int) -> str:
    return f"0.{(number * 7919 + hour * 31) % 900000 + 100000}"


def write_csv(path: Path, workloads: int, account: str) -> None:
    """Hour by hour, as exports are written."""
    tags = [
        '"{' + f'""team"":""{_TEAMS[number % 4]}"",""model"":""{_MODELS[number % 4]}""' + '}"'
        for number in range(workloads)
    ]  # fmt: skip
    with path.open("w", encoding="utf-8") as stream:
        stream.write(_HEADER)
        for hour, start, end in _times():
            for number in range(workloads):
                usd = _usd(number, hour)
                stream.write(
                    f"{usd},{account},acme,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,Usage,,workload,{start},{end},{usd},{usd},AWS,{usd},"
                    f"1,Hours,AWS,AWS,Compute,Amazon Elastic Compute Cloud,workload-{number},us-east-1,{account},{tags[number]}\n"
                )


def write_parquet(path: Path, workloads: int, account: str) -> None:
    """The same rows with the types that AWS exports: times, doubles, a map of tags; a row group per day."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = _HEADER.strip().split(",")
    tags = [[("team", _TEAMS[number % 4]), ("model", _MODELS[number % 4])] for number in range(workloads)]
    moment = pa.timestamp("ms", tz="UTC")
    kinds: dict[str, Any] = {name: pa.float64() for name in names if name.endswith("Cost") or name == "PricingQuantity"}
    kinds |= {name: moment for name in names if name.endswith(("Start", "End"))} | {"Tags": pa.map_(pa.string(), pa.string())}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    month = {"BillingPeriodStart": datetime(2026, 10, 1, tzinfo=UTC), "BillingPeriodEnd": datetime(2026, 11, 1, tzinfo=UTC)}
    fixed: dict[str, Any] = {
        "BillingAccountId": account, "BillingAccountName": "acme", "BillingCurrency": "USD", **month, "ChargeCategory": "Usage",
        "ChargeClass": None, "ChargeDescription": "workload", "InvoiceIssuerName": "AWS", "PricingQuantity": 1.0, "PricingUnit": "Hours",
        "ProviderName": "AWS", "PublisherName": "AWS", "ServiceCategory": "Compute", "ServiceName": "Amazon Elastic Compute Cloud",
        "RegionId": "us-east-1", "SubAccountId": account,
    }  # fmt: skip
    with pq.ParquetWriter(path, schema) as writer:
        for hour, start, end in _times():
            usd = [float(_usd(number, hour)) for number in range(workloads)]
            varying: dict[str, Any] = dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), usd)
            varying |= {"ResourceId": [f"workload-{number}" for number in range(workloads)], "Tags": tags}
            varying |= {"ChargePeriodStart": [datetime.fromisoformat(start)] * workloads}
            varying |= {"ChargePeriodEnd": [datetime.fromisoformat(end)] * workloads}
            columns = [pa.array(varying.get(name, [fixed.get(name)] * workloads), schema.field(name).type) for name in names]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def write_allocations(path: Path, workloads: int, account: str) -> None:
    """One answer with a step per hour: the recorded allocation with all its fields, renamed and repriced."""
    sample = next(iter(json.loads(_SAMPLE.read_text(encoding="utf-8"))["data"][0].values()))
    properties = [
        json.dumps({**sample["properties"], "controller": f"workload-{number}", "labels": {"team": _TEAMS[number % 4]}, "account": account})
        for number in range(workloads)
    ]
    left_out = ("name", "properties", "window", "start", "end", "cpuCost", "totalCost")
    rest = json.dumps({name: value for name, value in sample.items() if name not in left_out}, separators=(",", ":"))[1:-1]
    with path.open("w", encoding="utf-8") as stream:
        stream.write('{"code":200,"status":"success","data":[')
        for hour, start, end in _times():
            stream.write(",{" if hour else "{")
            times = f'"window":{{"start":"{start}","end":"{end}"}},"start":"{start}","end":"{end}",{rest}'
            for number in range(workloads):
                name, usd = f"ns/deployment/workload-{number}", _usd(number, hour)
                begin = "," if number else ""
                stream.write(
                    f'{begin}"{name}":{{"name":"{name}","properties":{properties[number]},{times},"cpuCost":{usd},"totalCost":{usd}}}'
                )
            stream.write("}")
        stream.write('],"message":""}')


FORMS: dict[str, tuple[str, Callable[[Path, int, str], None]]] = {
    "csv": ("october.csv", write_csv),
    "parquet": ("october.parquet", write_parquet),
    "allocations": ("october.json", write_allocations),
}
_RUN = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run([sys.executable, "-c", "import sys; from mlctl.cli.main import main; main(sys.argv[1:])", *sys.argv[1:]], check=True,
               stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": round(time.perf_counter() - start, 1), "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
                  "largest_process_mb": round(used.ru_maxrss / 1024)}))
"""


def measure(form: str, workloads: int, account: str) -> dict[str, object]:
    """Generate, report in a child of a child (so that only its memory is counted)."""
    name, write = FORMS[form]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        started = time.perf_counter()
        write(path, workloads, account)
        written = time.perf_counter() - started
        arguments = ["finops", "report", "--env", "prod", "--from", str(path), "--period", "2026-10", "--today", "2026-11-20"]
        command = [sys.executable, "-c", _RUN, *arguments, "--out", str(Path(folder) / "out")]
        run = subprocess.run(command, cwd=_ROOT, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads((Path(folder) / "out" / "report.json").read_text(encoding="utf-8"))
        return {
            "form": form,
            "rows": workloads * _HOURS,
            "bytes": path.stat().st_size,
            **json.loads(run.stdout),
            "spent_usd": found["total"]["spent_usd"],
            "seconds_to_write_the_input": round(written, 1),
        }


def main() -> None:
    """Print one line of JSON per form."""
    from mlctl.config import load_environment

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", type=int, default=5000)
    parser.add_argument("--form", choices=FORMS, action="append")
    options = parser.parse_args()
    account = load_environment(_ROOT / "environments" / "prod.yaml").account
    for form in options.form or FORMS:
        print(json.dumps(measure(form, options.workloads, account)), flush=True)


if __name__ == "__main__":
    main()
