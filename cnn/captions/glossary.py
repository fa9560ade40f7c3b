"""What the words mean: each term in one or two plain sentences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word of the field, what it means, and other forms under which it stands in sentences."""

    name: str
    text: str
    forms: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as it stands in an address."""
        return "-".join(self.name.lower().split())


def _term(name: str, text: str, *forms: str) -> Term:
    return Term(name, text, forms)


_TERMS = (
    _term(
        "accuracy",
        "The share of pictures to which the network gives the right class.",
    ),
    _term(
        "activation function",
        "What a layer does to each of its sums before it hands them on, for example ReLU. Without it "
        "several layers could do no more than one.",
        "activation", "after elu", "after tanh", "after sigmoid",
    ),
    _term(
        "Adam",
        "An optimiser that divides the gradient of each weight by its usual size, so that all weights "
        "move at a similar pace. AdamW also shrinks the weights a little at each step.",
        "adamw",
    ),
    _term(
        "adversarial",
        "Changed so that the network errs: each pixel by a little, in the direction that hurts most. "
        "People hardly notice the change.",
    ),
    _term(
        "batch",
        "The pictures of one step of training. The gradient is the mean over them.",
        "batches", "batch size",
    ),
    _term(
        "batch normalisation",
        "Shifts and stretches each channel to a common range, by its mean and its spread over the "
        "training pictures.",
        "batch normalization", "BatchNormalization",
    ),
    _term(
        "bias",
        "A number that is added to a sum whatever the input is. A map whose bias is above zero is "
        "bright where the picture is empty.",
        "biases",
    ),
    _term(
        "channel",
        "One of the pictures that lie on top of each other in a layer's output. A grey picture has one "
        "channel, a coloured one has three, a layer may have hundreds.",
        "channels",
    ),
    _term(
        "class",
        "One of the answers that the network can give, here mostly the digits 0 to 9. It always gives "
        "one of them, whatever it is shown.",
        "classes",
    ),
    _term(
        "convolution",
        "A layer that slides small kernels over its input; each kernel makes one feature map.",
        "convolutions", "Conv2D",
    ),
    _term(
        "cross-correlation",
        "A kernel is laid on every place of the input: each of its weights times the number below it, "
        "all added up. The sum is large where the input looks like the kernel. Convolutional networks "
        "compute this, and not the convolution of mathematics, which turns the kernel round first.",
    ),
    _term(
        "dead",
        "Zero for every picture of a stated set, so that training no longer changes it.",
    ),
    _term(
        "dense",
        "A layer in which every unit sees all numbers before it.",
        "dense layer",
    ),
    _term(
        "depthwise",
        "A convolution that treats each channel by itself, with a kernel of its own.",
        "DepthwiseConv2D",
    ),
    _term(
        "dilation",
        "How many cells apart the weights of a kernel are laid. With 2, every other cell is left out, "
        "and the kernel spans more of the input with as many weights.",
    ),
    _term(
        "dropout",
        "In training, some cells are set to zero at random, so that no unit relies on a single other "
        "one. In use it does nothing.",
    ),
    _term(
        "epoch",
        "One pass of the training through all training pictures.",
        "epochs",
    ),
    _term(
        "feature map",
        "What one kernel makes of a picture: bright where the kernel's pattern is found.",
        "feature maps",
    ),
    _term(
        "flatten",
        "Writes all numbers of all maps into one long row, for the dense layers that follow.",
    ),
    _term(
        "gradient",
        "How much the loss would rise if each weight were a little larger. Training takes steps "
        "against it, downhill.",
        "gradients",
    ),
    _term(
        "initial weights",
        "The random numbers with which training starts. If they were all equal, all kernels of a layer "
        "would learn the same.",
    ),
    _term(
        "kernel",
        "A small block of weights that a convolution slides over its input: a pattern to look for. It "
        "is as deep as the input has channels, 3×3×32 for example.",
        "kernels", "filter", "filters",
    ),
    _term(
        "layer",
        "One step of the computation. Its output is the input of the next one.",
        "layers",
    ),
    _term(
        "learning rate",
        "How large the steps of training are, relative to the gradient. Too high and training leaps "
        "about, too low and it takes for ever.",
        "learning rates",
    ),
    _term(
        "logit",
        "The sum for a class before softmax: any number, the larger the likelier.",
        "logits",
    ),
    _term(
        "loss",
        "How wrong the network is, as one number, which training makes small. Here it is minus the "
        "logarithm of the probability of the right class: 0 for certainty, 2.3 for a guess among ten.",
        "losses",
    ),
    _term(
        "moment",
        "A time of the training at which the weights were kept: before the first step, after 1, 2, 4, "
        "8 steps and so on, and after each epoch.",
        "moments",
    ),
    _term(
        "multiply-adds",
        "How often a number is multiplied by a weight and added to a sum for one picture: the work of "
        "a layer.",
    ),
    _term(
        "norm",
        "The length of a list of numbers: the root of the sum of their squares. It is large where the "
        "weights are far from zero, whatever their signs.",
        "norms",
    ),
    _term(
        "optimiser",
        "The rule that turns gradients into steps, for example plain descent (SGD) or Adam.",
        "optimizer", "sgd", "rmsprop",
    ),
    _term(
        "overfitting",
        "The network learns its training pictures by heart: it gets better on them and worse on "
        "others.",
    ),
    _term(
        "padding",
        "A frame of zeros around the input. With “same” the output is as large as the input, with "
        "“valid” there is no frame and the output is smaller.",
    ),
    _term(
        "parameters",
        "The numbers that training finds: all weights and biases.",
        "parameter",
    ),
    _term(
        "pooling",
        "Makes maps smaller: of each small square of cells only the largest (max) or the mean "
        "(average) is kept.",
        "MaxPooling2D", "AveragePooling2D", "max-pool",
    ),
    _term(
        "probability",
        "The share of 1 that softmax gives to a class. It says how sure the network is, which is not "
        "how often it is right.",
        "probabilities",
    ),
    _term(
        "receptive field",
        "The pixels of the picture on which one cell depends. It grows from layer to layer.",
        "sees",
    ),
    _term(
        "ReLU",
        "The activation function that turns negative numbers into zero and leaves the others as they "
        "are.",
    ),
    _term(
        "silent",
        "Zero everywhere for this picture. Another picture may wake the channel.",
    ),
    _term(
        "softmax",
        "Turns one sum per class into positive shares that add up to 1.",
    ),
    _term(
        "standard deviation",
        "How far numbers typically lie from their mean.",
    ),
    _term(
        "step",
        "One change of all weights, after one batch. An epoch has as many steps as there are batches.",
        "steps",
    ),
    _term(
        "stride",
        "How many cells a kernel moves at a time. With 2, the output is half as wide and half as high.",
    ),
    _term(
        "unit",
        "One number of a layer that has no maps, with its own weights.",
        "units",
    ),
    _term(
        "validation",
        "Pictures that are kept apart, never trained on, and looked at after each epoch: they show "
        "whether the network has learned more than its training pictures.",
        "validation pictures",
    ),
    _term(
        "weight",
        "A number by which another one is multiplied. Training finds it.",
        "weights",
    ),
)  # fmt: skip

GLOSSARY: tuple[Term, ...] = tuple(sorted(_TERMS, key=lambda term: term.name.lower()))
