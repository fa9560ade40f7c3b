"""How many readers a server bears: a bounded load on this machine's own network."""
