"""What changes what: the gradient by the picture, and one step of learning."""
