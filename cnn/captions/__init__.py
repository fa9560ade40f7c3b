"""One sentence on what a picture shows and one on what to notice, made from its own numbers.

A sentence is only written where the numbers bear it out; what does not hold is left out.
"""

from cnn.captions import diagnosis
from cnn.captions.arithmetic import (
    candidates,
    effective_field,
    formula,
    patch,
    place,
    products,
    proof,
    read_of,
    receptive_field,
    shares_of,
    terms,
)
from cnn.captions.attention import attention_scores
from cnn.captions.caption import Caption, legend
from cnn.captions.heads import kept_sums, sums_as
from cnn.captions.inputs import kept_range, pixel_range, range_hint
from cnn.captions.layers import (
    architecture,
    called_in_training,
    channel,
    cost,
    dilation,
    explanation,
    field,
    grid,
    layer_output,
    probabilities,
    silent_channels,
    tie,
    verdict,
)
from cnn.captions.pictures import NO_LABELS, OTHER_CLASSES, asked, assumed, unjudged, unnamed
from cnn.captions.questions import Question, class_question, unit_question
from cnn.captions.recorded import (
    recorded_accuracy,
    recorded_gradients,
    recorded_loss,
    recorded_rate,
)
from cnn.captions.studies import evaluation, ranking, under_way
from cnn.captions.surgery import ablation, operations, reached
from cnn.captions.sweep import sweep
from cnn.captions.training import accuracy, change, course, gradients, recognised
from cnn.captions.walking import cell_number, running, step_of
from cnn.captions.weights import (
    dense_weights,
    kernel_tiles,
    single_kernel,
    spread,
    vector,
    weight_matrix,
)
from cnn.words import counted, finite, megabytes, number, percent, scaled, sides

__all__ = [
    "NO_LABELS",
    "OTHER_CLASSES",
    "Caption",
    "Question",
    "ablation",
    "accuracy",
    "architecture",
    "asked",
    "assumed",
    "attention_scores",
    "called_in_training",
    "candidates",
    "cell_number",
    "change",
    "channel",
    "class_question",
    "cost",
    "counted",
    "course",
    "dense_weights",
    "diagnosis",
    "dilation",
    "effective_field",
    "evaluation",
    "explanation",
    "field",
    "finite",
    "formula",
    "gradients",
    "grid",
    "kept_range",
    "kept_sums",
    "kernel_tiles",
    "layer_output",
    "legend",
    "megabytes",
    "number",
    "operations",
    "patch",
    "percent",
    "pixel_range",
    "place",
    "probabilities",
    "products",
    "proof",
    "range_hint",
    "ranking",
    "reached",
    "read_of",
    "receptive_field",
    "recognised",
    "recorded_accuracy",
    "recorded_gradients",
    "recorded_loss",
    "recorded_rate",
    "running",
    "scaled",
    "shares_of",
    "sides",
    "silent_channels",
    "single_kernel",
    "spread",
    "step_of",
    "sums_as",
    "sweep",
    "terms",
    "tie",
    "under_way",
    "unit_question",
    "unjudged",
    "unnamed",
    "vector",
    "verdict",
    "weight_matrix",
]
