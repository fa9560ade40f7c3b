"""What one web process holds for all readers: models, passes, pictures, and its start."""
