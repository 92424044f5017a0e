"""How far each group is behind: rules, monitor, notifiers."""
