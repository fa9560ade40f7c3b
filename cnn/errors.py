"""What can go wrong, in words a user understands.

Every message says what was given, what is accepted, and what to do.
"""


class CnnError(Exception):
    """The base of every error that the package raises on purpose."""


class DatasetError(CnnError):
    """A data set, a split or a sample that is not there or cannot be read."""


class ImageError(CnnError):
    """A picture that cannot be prepared for the model."""


class ModelError(CnnError):
    """A file that is no usable Keras model, or a model that cannot be looked into."""


class LayerError(CnnError):
    """A layer that the model does not have, or that has not what was asked of it."""


class RunError(CnnError):
    """A training run that is not there, or a configuration that cannot be trained."""
