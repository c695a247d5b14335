"""What runs on the cluster: workflows, tracking, serving, monitoring, notebooks, and the way in."""
