"""Guards of the whole account: trail, threat detection, recorder, defaults, alert topics."""
