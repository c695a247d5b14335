"""The Argo workflows, defined with Hera: one workflow per file, each with a function `build`."""
