"""Serving: a trained model becomes one ONNX artefact that takes the contract's columns, and answers requests and batches."""
