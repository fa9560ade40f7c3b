"""Pictures as arrays, before a network sees them: decoded, cut, framed and perturbed. No Keras here."""

from cnn.images.digits import centre_digit, shrink
from cnn.images.pixels import as_pixels, crop, fit, in_colours, reduced

__all__ = ["as_pixels", "centre_digit", "crop", "fit", "in_colours", "reduced", "shrink"]
