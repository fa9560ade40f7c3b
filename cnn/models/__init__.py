"""Keras models: built, loaded, and described call by call."""

from cnn.models.adapting import notes
from cnn.models.building import build_classifier
from cnn.models.card import (
    Card,
    card_of,
    card_path,
    class_names,
    outputs_of_classes,
    read_card,
    write_card,
)
from cnn.models.choosing import require_sums_as, with_sums_as
from cnn.models.further import Further, further_inputs, with_inputs
from cnn.models.inputs import (
    in_colours,
    in_range,
    input_shape,
    ranges_of,
    require_range,
    scale_of,
)
from cnn.models.loading import as_functional, load_model, pretrained_run, save_model
from cnn.models.opening import FORMATS, SUFFIXES, Limits
from cnn.models.scales import RANGES, Scale, read_scale
from cnn.models.surgery import changeable_layers, operated, operated_names, require_changeable

__all__ = [
    "FORMATS",
    "RANGES",
    "SUFFIXES",
    "Card",
    "Further",
    "Limits",
    "Scale",
    "as_functional",
    "build_classifier",
    "card_of",
    "card_path",
    "changeable_layers",
    "class_names",
    "further_inputs",
    "in_colours",
    "in_range",
    "input_shape",
    "load_model",
    "notes",
    "operated",
    "operated_names",
    "outputs_of_classes",
    "pretrained_run",
    "ranges_of",
    "read_card",
    "read_scale",
    "require_changeable",
    "require_range",
    "require_sums_as",
    "save_model",
    "scale_of",
    "with_inputs",
    "with_sums_as",
    "write_card",
]
