"""Data sets: MNIST, digits that come with the packages, folders and archives."""
