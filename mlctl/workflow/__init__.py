"""Run any Argo Workflows manifest on this machine, or send the same manifest to an Argo server."""
