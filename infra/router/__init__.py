"""The router in front of a model. handler.py is shipped as it is: it needs boto3 of the Lambda runtime and nothing of ours."""
