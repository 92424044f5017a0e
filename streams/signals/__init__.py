"""From prices to intents: features, models, ensemble."""
