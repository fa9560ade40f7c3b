"""Look inside a convolutional network: numpy in, numpy, pandas, Keras and plotly out.

Importing the package does not import TensorFlow; the first function that needs it does.
"""

from cnn import captions, figures, images, jobs, lessons, models, perturbations, runs
from cnn.activations import (
    Activations,
    ForwardPass,
    activation_model,
    activations,
    forward,
    predict,
)
from cnn.adversarial import fgsm, fgsm_sweep, logit_gradient
from cnn.architecture import Architecture
from cnn.batches import batch_probabilities
from cnn.configuration import TrainingConfig
from cnn.datasets import Dataset, Sample, load_dataset
from cnn.decoding import Decoded, Limits, decode
from cnn.drift import drift
from cnn.errors import (
    CnnError,
    DamagedRunError,
    DatasetError,
    HomeError,
    ImageError,
    LayerError,
    ModelError,
    RunError,
)
from cnn.images import centre_digit, shrink
from cnn.kernels import biases, kernel_norms, kernel_tiles, kernels, weights
from cnn.layers import LayerInfo, Totals, layer_info, layer_infos, totals
from cnn.lens import LayerTeaching, Teaching, teach
from cnn.models import (
    build_classifier,
    class_names,
    load_model,
    pretrained_run,
    save_model,
    scale_of,
)
from cnn.moments import Moment
from cnn.perturbations import Perturbation, perturb, sweep
from cnn.photos import Step, digit_steps
from cnn.predictions import Prediction
from cnn.preparing import prepare
from cnn.runs import Run, Status
from cnn.sizes import size_for
from cnn.summary import Summary, summarise
from cnn.training import Event, train
from cnn.trial import try_out

__all__ = [
    "Activations",
    "Architecture",
    "CnnError",
    "DamagedRunError",
    "Dataset",
    "DatasetError",
    "Decoded",
    "Event",
    "ForwardPass",
    "HomeError",
    "ImageError",
    "LayerError",
    "LayerInfo",
    "LayerTeaching",
    "Limits",
    "ModelError",
    "Moment",
    "Perturbation",
    "Prediction",
    "Run",
    "RunError",
    "Sample",
    "Status",
    "Step",
    "Summary",
    "Teaching",
    "Totals",
    "TrainingConfig",
    "activation_model",
    "activations",
    "batch_probabilities",
    "biases",
    "build_classifier",
    "captions",
    "centre_digit",
    "class_names",
    "decode",
    "digit_steps",
    "drift",
    "fgsm",
    "fgsm_sweep",
    "figures",
    "forward",
    "images",
    "jobs",
    "kernel_norms",
    "kernel_tiles",
    "kernels",
    "layer_info",
    "layer_infos",
    "lessons",
    "load_dataset",
    "load_model",
    "logit_gradient",
    "models",
    "perturb",
    "perturbations",
    "predict",
    "prepare",
    "pretrained_run",
    "runs",
    "save_model",
    "scale_of",
    "shrink",
    "size_for",
    "summarise",
    "sweep",
    "teach",
    "totals",
    "train",
    "try_out",
    "weights",
]
