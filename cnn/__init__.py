"""Look inside a convolutional network: numpy in, numpy, pandas, Keras and plotly out.

Importing the package does not import TensorFlow; the first function that needs it does.
"""

from typing import TYPE_CHECKING, Any

from cnn import captions, figures, images, jobs, models, runs
from cnn.attribution.attributing import attribute
from cnn.attribution.attribution import Attribution
from cnn.attribution.counterfactual import Counterfactual, counterfactual
from cnn.attribution.quiz import Quiz, quiz
from cnn.attribution.synthesis import Ascent, Synthesis, synthesise
from cnn.attribution.target import Target
from cnn.data.datasets import Dataset, Sample, load_dataset
from cnn.errors import (
    AttributionError,
    CnnError,
    DamagedRunError,
    DatasetError,
    HomeError,
    ImageError,
    LayerError,
    ModelError,
    QueueError,
    RunError,
    StudyError,
)
from cnn.gradients.adversarial import fgsm, fgsm_sweep, logit_gradient
from cnn.gradients.effective import effective_field
from cnn.gradients.once import teach_once
from cnn.gradients.teaching import LayerTeaching, Teaching, teach
from cnn.images import perturbations
from cnn.images.decoding import Decoded, Limits, decode
from cnn.images.digits import centre_digit, shrink
from cnn.images.perturbations import Perturbation, perturb, sweep
from cnn.images.photos import Step, digit_steps
from cnn.inspection.ablation import (
    Effect,
    Score,
    ablation_effect,
    evaluate_ablation,
    mean_replacement,
    rank_channels,
)
from cnn.inspection.activations import (
    Activations,
    ForwardPass,
    activation_model,
    activations,
    forward,
    predict,
)
from cnn.inspection.attention import attention_scores
from cnn.inspection.batches import batch_probabilities
from cnn.inspection.diagnosis import Diagnosis, Finding, diagnose
from cnn.inspection.kernels import biases, kernel_norms, kernel_tiles, kernels, weights
from cnn.inspection.outputs import Output, explain_output
from cnn.inspection.pixel_ranges import RangeScores, compare_ranges
from cnn.inspection.predictions import Prediction
from cnn.inspection.summary import Summary, summarise
from cnn.inspection.top_pictures import Extremes, TopPictures, top_pictures
from cnn.inspection.trial import try_out
from cnn.inspection.units import Unit, explain_unit
from cnn.models.architecture import Architecture
from cnn.models.building import build_classifier
from cnn.models.card import class_names
from cnn.models.fields import CellField, Cells, projective_field, receptive_field
from cnn.models.inputs import scale_of
from cnn.models.layers import LayerInfo, Totals, layer_info, layer_infos, totals
from cnn.models.loading import load_model, pretrained_run, save_model
from cnn.models.preparing import prepare
from cnn.models.sizes import size_for
from cnn.models.surgery import Affine, ablate, keep_only
from cnn.runs.configuration import TrainingConfig
from cnn.runs.drift import drift
from cnn.runs.moments import Moment
from cnn.runs.run import Run, Status
from cnn.training import lessons
from cnn.training.loop import Event, train

if TYPE_CHECKING:
    from cnn.training.fitting import RunRecorder

__all__ = [
    "Activations",
    "Affine",
    "Architecture",
    "Ascent",
    "Attribution",
    "AttributionError",
    "CellField",
    "Cells",
    "CnnError",
    "Counterfactual",
    "DamagedRunError",
    "Dataset",
    "DatasetError",
    "Decoded",
    "Diagnosis",
    "Effect",
    "Event",
    "Extremes",
    "Finding",
    "ForwardPass",
    "HomeError",
    "ImageError",
    "LayerError",
    "LayerInfo",
    "LayerTeaching",
    "Limits",
    "ModelError",
    "Moment",
    "Output",
    "Perturbation",
    "Prediction",
    "QueueError",
    "Quiz",
    "RangeScores",
    "Run",
    "RunError",
    "RunRecorder",
    "Sample",
    "Score",
    "Status",
    "Step",
    "StudyError",
    "Summary",
    "Synthesis",
    "Target",
    "Teaching",
    "TopPictures",
    "Totals",
    "TrainingConfig",
    "Unit",
    "ablate",
    "ablation_effect",
    "activation_model",
    "activations",
    "attention_scores",
    "attribute",
    "batch_probabilities",
    "biases",
    "build_classifier",
    "captions",
    "centre_digit",
    "class_names",
    "compare_ranges",
    "counterfactual",
    "decode",
    "diagnose",
    "digit_steps",
    "drift",
    "effective_field",
    "evaluate_ablation",
    "explain_output",
    "explain_unit",
    "fgsm",
    "fgsm_sweep",
    "figures",
    "forward",
    "images",
    "jobs",
    "keep_only",
    "kernel_norms",
    "kernel_tiles",
    "kernels",
    "layer_info",
    "layer_infos",
    "lessons",
    "load_dataset",
    "load_model",
    "logit_gradient",
    "mean_replacement",
    "models",
    "perturb",
    "perturbations",
    "predict",
    "prepare",
    "pretrained_run",
    "projective_field",
    "quiz",
    "rank_channels",
    "receptive_field",
    "runs",
    "save_model",
    "scale_of",
    "shrink",
    "size_for",
    "summarise",
    "sweep",
    "synthesise",
    "teach",
    "teach_once",
    "top_pictures",
    "totals",
    "train",
    "try_out",
    "weights",
]


def __getattr__(name: str) -> Any:
    """Return what is a subclass of a class of Keras, made when it is first asked for."""
    if name == "RunRecorder":
        from cnn.training.fitting import RunRecorder

        return RunRecorder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
