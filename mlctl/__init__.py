"""The tool of the platform template: plan, judge, price, report, run, promote."""
