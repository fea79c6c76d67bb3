"""What the bot and the workers say to each other: names, requests, outcomes, documents, envelopes. Pure: no I/O, no clock."""
