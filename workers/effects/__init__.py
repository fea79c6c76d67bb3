"""The slow work: reading versions, bringing them to targets, proving them, going back. No decision is made here: what was seen is reported."""
