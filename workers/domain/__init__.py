"""What is decided and how: policy, states, gates, decisions. Pure functions over the ledger at one commit."""
