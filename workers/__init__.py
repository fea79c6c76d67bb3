"""Everything that acts: decisions, the ledger, effects. Sync; started by Celery."""
