"""What is on the screen, as the address and the browser carry it."""
