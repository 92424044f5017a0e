"""What every worker stands on: the hardened Faust, the order of work, the embedded broker, metrics and logs."""
