"""What the benches are made of: callers, servers to compare with, numbers, tables. Everything stays on this machine and ends by itself."""
