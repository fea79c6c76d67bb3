"""The inbox, the outcome streams, the projection and the leases in Redis: an inbox and a cache, never the memory."""
