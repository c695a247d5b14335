"""The Lambda function that stops and starts what off-hours name. Needs nothing but what the Lambda runtime brings."""
