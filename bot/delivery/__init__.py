"""Outcomes on their way to Slack: in order, exactly once where everybody can see it, never lost.

shards     one leased bot serves a shard of the conversations
stream     reads a shard's outcomes and remembers how far everything is delivered
lane       one conversation's work, in order, at the pace that Slack wants
story      a promotion, an incident or a retraining, as all of them are shown
show       makes a story's card and thread show exactly its events
memory     what we know to be posted; search: what Slack says is posted
whisper    answers for one person's eyes
epoch      notices that Redis was lost, and asks the workers to publish again
"""
