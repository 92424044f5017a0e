"""The Faust agents: decode, call `step`, hand over. They decide nothing."""
