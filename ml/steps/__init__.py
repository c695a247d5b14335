"""The steps of the pipeline, by what they are for; `ml.pipeline` names them all."""
