"""How long a month of hourly charges takes: `python -m bench.finops [--workloads 5000]`.

Writes a FOCUS 1.2 file (720 hours of October 2026 for each workload: 3.6 million rows for 5,000), reports it in a process of its own,
and prints seconds and the peak memory of the largest process. Aim: 30 s and 2 GB on two cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_HOURS = 720
_HEADER = (
    "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargeClass,"
    "ChargeDescription,ChargePeriodStart,ChargePeriodEnd,ContractedCost,EffectiveCost,InvoiceIssuerName,ListCost,PricingQuantity,"
    "PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName,ResourceId,RegionId,SubAccountId,Tags\n"
)


def rows(workloads: int, account: str) -> Iterator[str]:
    """Hour by hour, as exports are written."""
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    teams, models = ("lending", "retention", "ml-platform", ""), ("credit-risk", "churn", "", "")
    tags = [
        '"{' + f'""team"":""{teams[number % 4]}"",""model"":""{models[number % 4]}""' + '}"'
        for number in range(workloads)
    ]  # fmt: skip
    yield _HEADER
    for hour in range(_HOURS):
        start, end = begin + timedelta(hours=hour), begin + timedelta(hours=hour + 1)
        times = f"{start:%Y-%m-%dT%H:%M:%SZ},{end:%Y-%m-%dT%H:%M:%SZ}"
        for number in range(workloads):
            usd = f"0.{(number * 7919 + hour * 31) % 900000 + 100000}"
            yield (
                f"{usd},{account},acme,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,Usage,,workload,{times},{usd},{usd},AWS,{usd},1,Hours,"
                f"AWS,AWS,Compute,Amazon Elastic Compute Cloud,workload-{number},us-east-1,{account},{tags[number]}\n"
            )


def main() -> None:
    """Generate, report in a child, print one line of JSON."""
    from mlctl.config import load_environment

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", type=int, default=5000)
    workloads = parser.parse_args().workloads
    account = load_environment(_ROOT / "environments" / "prod.yaml").account
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "october.csv"
        with path.open("w", encoding="utf-8") as stream:
            stream.writelines(rows(workloads, account))
        size = path.stat().st_size
        command = [
            sys.executable,
            "-c",
            "import sys; from mlctl.cli.main import main; main(sys.argv[1:])",
            "finops",
            "report",
            "--env",
            "prod",
        ]
        command += ["--from", str(path), "--period", "2026-10", "--today", "2026-11-20", "--out", str(Path(folder) / "out")]
        start = time.perf_counter()
        subprocess.run(command, cwd=_ROOT, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "rows": workloads * _HOURS,
                "bytes": size,
                "seconds": round(seconds, 1),
                "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
                "largest_process_mb": round(used.ru_maxrss / 1024),
            }
        )
    )


if __name__ == "__main__":
    main()
