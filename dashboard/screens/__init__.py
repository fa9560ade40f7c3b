"""What a page shows, as figures and as numbers."""
