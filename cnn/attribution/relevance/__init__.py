"""Rules by which relevance goes back through a network, for layer-wise relevance propagation."""
