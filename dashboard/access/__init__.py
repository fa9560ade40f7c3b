"""Who gets in, from where, and what they may do."""
