"""What an operator sees of the server: the log, the ids of requests, and what is counted."""
