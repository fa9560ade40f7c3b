"""Look inside a convolutional network: numpy in, numpy, pandas, Keras and plotly out.

Importing the package does not import TensorFlow; the first function that needs it does.
"""

from cnn import captions, figures, jobs, runs
from cnn.activations import (
    Activations,
    ForwardPass,
    Prediction,
    activation_model,
    activations,
    forward,
    predict,
)
from cnn.datasets import Dataset, Sample, load_dataset
from cnn.errors import CnnError, DatasetError, ImageError, LayerError, ModelError, RunError
from cnn.images import prepare
from cnn.kernels import biases, kernel_norms, kernel_tiles, kernels, weights
from cnn.layers import LayerInfo, Totals, layer_info, layer_infos, totals
from cnn.models import (
    build_classifier,
    class_names,
    load_model,
    pretrained_run,
    save_model,
    scale_of,
)
from cnn.runs import Run, TrainingConfig
from cnn.summary import Summary, summarise
from cnn.training import train

__all__ = [
    "Activations",
    "CnnError",
    "Dataset",
    "DatasetError",
    "ForwardPass",
    "ImageError",
    "LayerError",
    "LayerInfo",
    "ModelError",
    "Prediction",
    "Run",
    "RunError",
    "Sample",
    "Summary",
    "Totals",
    "TrainingConfig",
    "activation_model",
    "activations",
    "biases",
    "build_classifier",
    "captions",
    "class_names",
    "figures",
    "forward",
    "jobs",
    "kernel_norms",
    "kernel_tiles",
    "kernels",
    "layer_info",
    "layer_infos",
    "load_dataset",
    "load_model",
    "predict",
    "prepare",
    "pretrained_run",
    "runs",
    "save_model",
    "scale_of",
    "summarise",
    "totals",
    "train",
    "weights",
]
