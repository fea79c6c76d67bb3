"""What the core needs of the world, as protocols: a ledger branch, a source repository, a target. Adapters implement them."""
