"""Redis streams in and out, for bots that speak nothing else."""
