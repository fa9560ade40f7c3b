"""What a network computes of a picture, layer by layer, and from what."""
