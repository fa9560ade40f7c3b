"""Keras models: built, loaded, and described call by call."""

from cnn.models.building import build_classifier
from cnn.models.card import Card, card_of, card_path, class_names, read_card, write_card
from cnn.models.inputs import Scale, input_shape, scale_of
from cnn.models.loading import SUFFIXES, as_functional, load_model, pretrained_run, save_model

__all__ = [
    "SUFFIXES",
    "Card",
    "Scale",
    "as_functional",
    "build_classifier",
    "card_of",
    "card_path",
    "class_names",
    "input_shape",
    "load_model",
    "pretrained_run",
    "read_card",
    "save_model",
    "scale_of",
    "write_card",
]
