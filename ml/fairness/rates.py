"""Compare the rates of groups with the best-off one: how far apart they are, and whether chance alone explains it.

Why a limit and a test together. The four-fifths rule alone calls differences unfair that small numbers make by chance, and a test
alone calls every difference unfair once there are enough rows. The Uniform Guidelines on Employee Selection Procedures ask for
both: a rate below four fifths of the highest is evidence of adverse impact, but greater differences "may not constitute adverse
impact where the differences are based on small numbers and are not statistically significant" (EEOC, 29 CFR 1607.4(D); questions
and answers 21 and 22, 44 FR 11996, 1979). Lending has no rule of its own: the effects test of Regulation B (12 CFR 1002,
supplement I, 6(a)-2), which the CFPB and the banks' supervisors apply, takes its statistics from employment law; there, two to three
standard deviations are beyond chance (Hazelwood School District v. United States, 433 U.S. 299, 1977, note 14), which is p < 0.05.

The test is Fisher's exact one, two-sided, since counts are small. Looking at many differences finds some by chance: a group is
compared with the best-off one, whichever that is, so every pair of groups counts as a comparison, and p-values are multiplied by
their number (Bonferroni), and by the number of rates that are looked at. Each attribute stands for itself; the intersections, of
which there are many, share one allowance. The tests simulate fair models and count how many are blocked.

Why a minimum. Below some number of rows the test can find nothing, and "no difference found" would be an empty pass. With 60 rows, as
one of four groups and three rates, a group chosen half as often as a best-off group of 50 % is found in 78 % of cases, and one
chosen 0.7 times as often as one of 80 % in 84 % (`power`, at p = 0.05 / 18). With 30 rows it would be 35 % and 45 %. A smaller group is
not evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SIGNIFICANCE = 0.05
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many of a group's rows (`of`) had the outcome that is counted."""

    group: str
    count: int
    of: int

    @property
    def share(self) -> float:
        """The rate, 0 for no rows."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One group beside the best-off one.

    Attributes
    ----------
    ratio, low, high
        The group's rate over the highest rate, and the 95 % interval (Katz et al., *Biometrics* 34, 1978); the interval is None where a
        rate is 0.
    difference
        The highest rate less the group's.
    p_value
        The probability of a difference at least this large by chance alone, adjusted for the number of comparisons.
    """

    group: str
    against: str
    ratio: float
    low: float | None
    high: float | None
    difference: float
    p_value: float

    @property
    def beyond_chance(self) -> bool:
        """Whether chance alone is an unlikely explanation."""
        return self.p_value < SIGNIFICANCE


def compare(rates: Sequence[Rate], least: int, *, looks: int = 1) -> list[Compared]:
    """Compare every group of at least `least` rows with the best-off one of them; fewer than two such groups give nothing.

    Parameters
    ----------
    looks
        How many sets of rates are compared besides: p-values are adjusted for all of them.
    """
    from scipy.stats import fisher_exact

    large = [rate for rate in rates if rate.of >= max(least, 1)]
    if len(large) < 2:
        return []
    best = max(large, key=lambda rate: rate.share)
    times = looks * math.comb(len(large), 2)
    found = []
    for rate in large:
        if rate is not best:
            chance = float(fisher_exact([[rate.count, rate.of - rate.count], [best.count, best.of - best.count]]).pvalue)
            found.append(_compared(rate, best, min(1.0, chance * times)))
    return found


def power(share: float, ratio: float, rows: int, of_best: int, *, p_value: float = SIGNIFICANCE) -> float:
    """Return how often the test finds a group whose true rate is `ratio` of the best-off group's `share`.

    The sum over the counts the group can have (binomial); the best-off group, being large, is taken at its expected count.
    """
    from scipy.stats import binom, fisher_exact

    best = round(share * of_best)
    found = 0.0
    for count in range(rows + 1):
        if count / rows < best / of_best and fisher_exact([[count, rows - count], [best, of_best - best]]).pvalue < p_value:
            found += float(binom.pmf(count, rows, share * ratio))
    return found


def _compared(rate: Rate, best: Rate, p_value: float) -> Compared:
    ratio = rate.share / best.share if best.count else 1.0
    low = high = None
    if rate.count and best.count:
        spread = math.sqrt(1 / rate.count - 1 / rate.of + 1 / best.count - 1 / best.of)
        low, high = ratio * math.exp(-NORMAL_95 * spread), ratio * math.exp(NORMAL_95 * spread)
    return Compared(
        group=rate.group,
        against=best.group,
        ratio=ratio,
        low=low,
        high=high,
        difference=best.share - rate.share,
        p_value=p_value,
    )
