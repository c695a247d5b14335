"""One file per AWS service: each turns a resource's inputs into priced components."""
