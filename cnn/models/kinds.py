"""What is known of each kind of layer, an entry each: a new kind of layer is a new entry.

Shapes, receptive fields, costs, connections, captions and figures ask here and know no layer by its
class. A class that no entry names is of the family "other", and everything still works.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

from cnn.colours import BLUE, GREEN, GREY, ORANGE, PURPLE
from cnn.models import costs, reading_rules
from cnn.models.arithmetic import (
    activations,
    attention,
    copies,
    merging,
    normalisations,
    pooling,
    slopes,
    sums,
)
from cnn.models.arithmetic.cell import Rule

Kernel = Literal["none", "plain", "depthwise", "separable", "transposed", "dense"]
Channels = Literal["unknown", "summed", "kept", "merged", "beside", "rearranged"]


@dataclass(frozen=True)
class Family:
    """What layers do, in one word, and the colour that they have in diagrams."""

    name: str
    colour: str


CONVOLUTION = Family("convolution", BLUE)
POOLING = Family("pooling", GREEN)
DENSE = Family("dense", ORANGE)
NORMALISATION = Family("normalisation", PURPLE)
OTHER = Family("other", GREY)


@dataclass(frozen=True)
class Kind:
    """One kind of layer.

    `names` are patterns of Keras class names, as `fnmatch` reads them. `kernel` is how the weights
    lie that are multiplied with the input; `channels` what becomes of the channels: summed over,
    kept, merged with those of other inputs, put beside them, or rearranged. `reads` says which cells
    of an input its cells read, `cost` how many multiply-adds it takes. `what` says what the layer
    does to its input, as the beginning of a sentence, and `explanation` says it to a reader who has
    met none: templates, whose fields are those of `cnn.captions.layers`. `bias_remains` says that the
    bias alone is left where the input is zero. `arithmetic` takes one number of the output apart, of
    layers of Keras; None where that is not known.
    """

    names: tuple[str, ...]
    family: Family = OTHER
    kernel: Kernel = "none"
    channels: Channels = "unknown"
    reads: reading_rules.Rule = reading_rules.unknown
    cost: costs.Rule = costs.per_output
    what: str = "The output of {name} ({kind}), {shape}"
    explanation: str = ""
    bias_remains: bool = False
    arithmetic: Rule | None = None


_KINDS = (
    Kind(
        ("InputLayer",),
        what="The picture as the network receives it, {shape}",
        explanation="The picture as the network receives it: one number per pixel{and_colour}.",
    ),
    Kind(
        ("ConvLSTM?D",),
        CONVOLUTION,
        cost=costs.per_step,
        what="{recurrent}, {shape}",
        explanation="Reads one picture after the other, and keeps in memory maps of what came before.",
    ),
    Kind(
        ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"),
        reads=reading_rules.recurrent,
        cost=costs.per_step,
        what="{recurrent}, {shape}",
        explanation="Reads one row after the other, and keeps in memory what it needs of those before.",
    ),
    Kind(
        ("FurtherOutput",),
        channels="kept",
        reads=reading_rules.in_place,
        what="What {layer_before} gives beside its first output, {shape}",
        arithmetic=copies.same,
    ),
    Kind(
        ("Conv?D",),
        CONVOLUTION,
        kernel="plain",
        channels="summed",
        reads=reading_rules.windowed,
        what="{maps}: each is {bias_plus}the cross-correlation of {part}the {before} input with "
        "one kernel of {window}×{depth}{cells_apart}",
        explanation="Each map shows where one small pattern of {window} cells{apart}, learned in "
        "training, occurs in the maps before it{clipped}.",
        bias_remains=True,
        arithmetic=sums.convolution,
    ),
    Kind(
        ("DepthwiseConv?D",),
        CONVOLUTION,
        kernel="depthwise",
        channels="summed",
        reads=reading_rules.windowed_apart,
        what="{maps}: each is {bias_plus}the cross-correlation of {one_channel} of the {before} "
        "input with a kernel of {window}{cells_apart} of its own",
        explanation="Slides a pattern of {window} cells over each map by itself; maps do not mix.",
        bias_remains=True,
        arithmetic=sums.depthwise_convolution,
    ),
    Kind(
        ("SeparableConv?D",),
        CONVOLUTION,
        kernel="separable",
        channels="summed",
        reads=reading_rules.windowed,
        what="{maps}: each is {bias_plus}a mixture of the {inputs} channels of the {before} input, "
        "after a kernel of {window}{cells_apart} has slid over each of them by itself",
        explanation="Slides a pattern of {window} cells over each map, then mixes the maps.",
        arithmetic=sums.separable_convolution,
    ),
    Kind(
        ("Conv?DTranspose",),
        CONVOLUTION,
        kernel="transposed",
        channels="summed",
        reads=reading_rules.transposed,
        cost=costs.per_input,
        what="{maps}: each is {bias_plus}all cells of the {before} input, each spread over "
        "{window} cells by one kernel of {window}×{depth}{cells_apart}",
        explanation="Spreads every cell over {window} cells, so that maps grow.",
        arithmetic=sums.transposed_convolution,
    ),
    *[
        Kind(
            names,
            CONVOLUTION,
            reads=reads,
            cost=costs.of_kernels_given,
            arithmetic=slopes.linear,
        )
        for names, reads in (
            (("Conv", "SeparableConv"), reading_rules.by_kernel(reading_rules.windowed)),
            (("DepthwiseConv",), reading_rules.by_kernel(reading_rules.windowed_apart)),
        )
    ],
    # Keras 3.15 exchanges two of its arguments, so that no network with it can be computed.
    Kind(("ConvTranspose",), CONVOLUTION, cost=costs.of_kernels_given),
    Kind(("*Conv*",), CONVOLUTION),
    Kind(
        ("GlobalAveragePooling?D",),
        POOLING,
        channels="kept",
        reads=reading_rules.pooled,
        what="One number per channel: the mean of each of the {channels} maps",
        explanation="One number per map, its mean: what is there stays, where it is goes.",
        arithmetic=pooling.global_average_pool,
    ),
    Kind(
        ("GlobalMaxPooling?D",),
        POOLING,
        channels="kept",
        reads=reading_rules.pooled,
        what="One number per channel: the largest of each of the {channels} maps",
        explanation="One number per map, its largest: what is there stays, where it is goes.",
        arithmetic=pooling.global_max_pool,
    ),
    Kind(
        ("MaxPooling?D",),
        POOLING,
        channels="kept",
        reads=reading_rules.windowed_apart,
        what="Each cell is the largest of {window} cells: {before} becomes {shape}",
        explanation="Keeps the largest of every {window} cells: {shrinking}it matters less where "
        "exactly something is.",
        arithmetic=pooling.max_pool,
    ),
    Kind(
        ("AveragePooling?D",),
        POOLING,
        channels="kept",
        reads=reading_rules.windowed_apart,
        what="Each cell is the mean of {window} cells: {before} becomes {shape}",
        explanation="Keeps the mean of every {window} cells{and_shrinks}.",
        arithmetic=pooling.average_pool,
    ),
    *[
        Kind(names, POOLING, channels="kept", reads=reads, arithmetic=rule)
        for names, reads, rule in (
            (("MaxPool",), reading_rules.windowed_apart, pooling.max_pool),
            (("AveragePool",), reading_rules.windowed_apart, pooling.average_pool),
            (
                ("AdaptiveMaxPooling?D", "AdaptiveMaxPool"),
                reading_rules.adaptive,
                pooling.adaptive_max_pool,
            ),
            (
                ("AdaptiveAveragePooling?D", "AdaptiveAveragePool"),
                reading_rules.adaptive,
                pooling.adaptive_average_pool,
            ),
        )
    ],
    Kind(("*Pooling*",), POOLING, channels="kept"),
    Kind(
        ("Dense",),
        DENSE,
        kernel="dense",
        channels="summed",
        reads=reading_rules.across,
        what="{units}{everywhere}, each {bias_plus}a weighted sum of {count_before}{of_place}",
        explanation="{each_unit} adds up {all_before}, each times a weight learned in "
        "training{and_bias}{clipped}.",
        arithmetic=sums.dense,
    ),
    Kind(
        ("*Dense*",),
        DENSE,
        cost=costs.of_equation,
        arithmetic=slopes.linear_unless_activated,
    ),
    Kind(
        ("BatchNormalization",),
        NORMALISATION,
        channels="kept",
        reads=reading_rules.in_place,
        what="Each {along} shifted and stretched by the statistics collected in training",
        explanation="Shifts and stretches each {along} to a common range, by numbers learned in "
        "training.",
        arithmetic=normalisations.batch,
    ),
    Kind(
        ("Rescaling",),
        NORMALISATION,
        channels="kept",
        reads=reading_rules.in_place,
        what="{rescaled}",
        explanation="{rescaled}{so_small}.",
        arithmetic=normalisations.rescaling,
    ),
    Kind(
        ("LayerNormalization",),
        NORMALISATION,
        channels="kept",
        reads=reading_rules.along_axis,
        what="Numbers shifted and stretched by their own spread, {shape}",
        explanation="Shifts and stretches numbers to a common range, by the spread that they have in "
        "this picture.",
        arithmetic=normalisations.layer,
    ),
    Kind(
        ("GroupNormalization",),
        NORMALISATION,
        channels="kept",
        reads=reading_rules.normalised_in_groups,
        what="Groups of channels, each shifted and stretched by its own spread, {shape}",
        explanation="Shifts and stretches each group of channels to a common range, by the spread that "
        "it has in this picture.",
        arithmetic=normalisations.group,
    ),
    Kind(
        ("RMSNormalization",),
        NORMALISATION,
        channels="kept",
        reads=reading_rules.along_axis,
        what="Numbers divided by their root mean square and scaled, {shape}",
        explanation="Divides numbers by their root mean square in this picture, so that they come into "
        "a common range, and scales them.",
        arithmetic=normalisations.root_mean_square,
    ),
    Kind(
        ("UnitNormalization",),
        NORMALISATION,
        channels="kept",
        reads=reading_rules.along_axis,
        what="Numbers divided by their Euclidean norm, {shape}",
        explanation="Divides numbers by their Euclidean norm, so that only their proportions are left.",
        arithmetic=normalisations.unit,
    ),
    Kind(
        ("Normalization",),
        NORMALISATION,
        channels="kept",
        reads=reading_rules.in_place,
        what="The numbers shifted and scaled by the mean and deviation of a data set, {shape}",
        explanation="Shifts and scales the numbers by the mean and deviation of a data set, which "
        "training does not change.",
        arithmetic=normalisations.of_dataset,
    ),
    Kind(
        ("LayerScale",),
        NORMALISATION,
        channels="kept",
        reads=reading_rules.in_place,
        what="Each channel times a number learned in training, {shape}",
        explanation="Multiplies each channel with a number learned in training.",
        arithmetic=slopes.linear,
    ),
    Kind(("*Normalization*",), NORMALISATION, channels="kept"),
    Kind(
        ("Flatten",),
        channels="rearranged",
        reads=reading_rules.rearranged,
        what="The {before} maps as one row of {count} numbers, cell after cell",
        explanation="Writes all cells of all maps into one row of {count} numbers; nothing changes.",
        arithmetic=copies.moved,
    ),
    Kind(
        ("ExpandDims", "Reshape"),
        channels="rearranged",
        reads=reading_rules.rearranged,
        what="The numbers of {before} one after the other, in the shape {shape}",
        explanation="Arranges the same numbers in another shape, {shape}; nothing changes.",
        arithmetic=copies.moved,
    ),
    Kind(
        ("Constant",),
        reads=reading_rules.nothing,
        what="The same numbers for every picture",
        explanation="Stands for what the network takes beside the picture. No part of the network.",
    ),
    Kind(
        ("OnesLike", "ZerosLike"),
        reads=reading_rules.nothing,
        what="The same numbers for every picture",
        explanation="Takes only the shape of what comes in: its numbers are the same for every picture.",
    ),
    Kind(
        ("Cast", "Copy", "StopGradient"),
        channels="kept",
        reads=reading_rules.in_place,
        arithmetic=copies.same,
    ),
    Kind(
        (
            "Append", "BroadcastTo", "DepthToSpace", "Diagonal", "ExtractPatches", "Flip",
            "GetItem", "Hstack", "Moveaxis", "Pad", "Permute", "Ravel", "Repeat", "RepeatVector", "Roll",
            "Rot90", "Slice", "SpaceToDepth", "Split", "Squeeze", "Stack", "Swapaxes", "Take", "Tile",
            "Transpose", "Unstack", "Vstack",
        ),
        reads=reading_rules.moved,
        arithmetic=copies.moved,
    ),
    Kind(
        ("ReLU", "LeakyReLU"),
        channels="kept",
        reads=reading_rules.in_place,
        explanation="{rectified}.",
        arithmetic=activations.function,
    ),
    Kind(
        ("Softmax",),
        channels="kept",
        reads=reading_rules.along_axis,
        explanation="Turns sums into positive shares that add up to 1.",
        arithmetic=activations.function,
    ),
    Kind(
        ("Activation",),
        channels="kept",
        reads=reading_rules.activated,
        explanation="Applies {activation} to every number by itself.",
        arithmetic=activations.given_function,
    ),
    Kind(
        ("Dropout",),
        channels="kept",
        reads=reading_rules.in_place,
        explanation="Does nothing here; in training it silences cells at random, so that none is "
        "relied on alone.",
        arithmetic=copies.same,
    ),
    Kind(
        ("Concatenate",),
        channels="beside",
        reads=reading_rules.beside,
        what="The {alongs} of {layers_before} {joined}, {shape}",
        explanation="Puts the {alongs} of {layers_before} {joined}.",
        arithmetic=copies.moved,
    ),
    Kind(
        ("Add",),
        channels="merged",
        reads=reading_rules.in_place,
        what="The sum of {layers_before}, cell by cell",
        explanation="Adds {layers_before} cell by cell. Where one of them comes earlier, it takes a "
        "short cut past what lies between.",
        arithmetic=merging.added,
    ),
    *[
        Kind(
            names, channels="merged", reads=reading_rules.in_place, what=what, arithmetic=rule,
        )
        for names, what, rule in (
            (("Subtract",), "The difference of {layers_before}, cell by cell", merging.subtracted),
            (("Multiply",), "The product of {layers_before}, cell by cell", merging.multiplied),
            (("Divide", "TrueDivide"), Kind.what, merging.divided),
            (("Average",), "The mean of {layers_before}, cell by cell", merging.averaged),
            (("Maximum",), "The larger of {layers_before}, cell by cell", merging.largest),
            (("Minimum",), "The smaller of {layers_before}, cell by cell", merging.smallest),
            (("Power",), Kind.what, merging.raised),
        )
    ],
    Kind(("Dot",), cost=costs.of_dot, arithmetic=merging.dot),
    Kind(("Max", "Amax"), arithmetic=merging.largest_along),
    Kind(("Min", "Amin"), arithmetic=merging.smallest_along),
    Kind(("Mean", "Sum"), arithmetic=slopes.linear),
    Kind(("Einsum", "Matmul"), cost=costs.contracted, arithmetic=slopes.linear),
    Kind(
        ("MultiHeadAttention",),
        reads=reading_rules.attended,
        cost=costs.attended,
        what="Each of {positions} mixed from all {position}s{of_line}, by {heads}: {shape}",
        explanation="Each {position} takes from every other{of_line} as much as its scores say, which "
        "are computed from the picture; {heads} do so by themselves.",
        arithmetic=attention.multi_head,
    ),
    Kind(
        ("Attention", "AdditiveAttention"),
        reads=reading_rules.attended,
        cost=costs.weighed,
    ),
    Kind(
        ("GroupedQueryAttention",),
        reads=reading_rules.attended,
        cost=costs.attended_in_groups,
    ),
    Kind(("*Attention*",), reads=reading_rules.attended),
    Kind(
        ("ZeroPadding?D",),
        channels="kept",
        reads=reading_rules.padded,
        explanation="Puts a frame of zeros around each map.",
        arithmetic=copies.moved,
    ),
    Kind(
        ("UpSampling?D",),
        channels="kept",
        reads=reading_rules.resampled,
        what="Each of the {before} maps in another size, {shape}{interpolation}",
        explanation="{enlarged}, so that maps grow.",
        arithmetic=slopes.interpolated,
    ),
    Kind(
        ("CenterCrop",),
        channels="kept",
        reads=reading_rules.centred,
        arithmetic=slopes.cropped,
    ),
    Kind(
        ("Random*", "RandAugment", "AugMix", "CutMix", "MixUp", "Equalization", "Solarization"),
        channels="kept",
        reads=reading_rules.in_place,
        what="The same numbers as before: {kind} changes pictures in training only",
        explanation="Does nothing here; in training it changes pictures, so that the network learns what "
        "does not matter.",
        arithmetic=copies.same,
    ),
    Kind(
        ("*Dropout*", "GaussianNoise", "ActivityRegularization", "*Identity*"),
        channels="kept",
        reads=reading_rules.in_place,
        arithmetic=copies.same,
    ),
    Kind(
        ("Cropping?D",), channels="kept", reads=reading_rules.cropped, arithmetic=copies.moved
    ),
    Kind(
        ("Resizing",),
        channels="kept",
        reads=reading_rules.resampled,
        what="Each of the {before} maps in another size, {shape}{interpolation}",
        arithmetic=slopes.interpolated,
    ),
    Kind(("Resize",), arithmetic=slopes.interpolated),
    Kind(("GaussianBlur",), channels="kept", arithmetic=slopes.linear),
    Kind(
        ("PReLU",), channels="kept", reads=reading_rules.in_place,
        explanation="Multiplies every negative number by a factor learned in training.",
        arithmetic=activations.learned_slope,
    ),
    Kind(("*Softmax*",), channels="kept", arithmetic=activations.function),
    Kind(
        (
            "*ReLU*", "*Relu*", "*ELU*", "*Sigmoid*", "*Tanh*", "*Silu*", "*Gelu*", "*Swish*",
            "Abs", "Absolute", "Celu", "Clip", "Cos", "Elu", "Exp", "Log", "Log1p", "Negative",
            "Reciprocal", "Rsqrt", "Selu", "Sin", "Softplus", "Softsign", "Sqrt", "Square",
        ),
        channels="kept",
        reads=reading_rules.in_place,
        arithmetic=activations.function,
    ),
    Kind(("Glu",), arithmetic=activations.gated),
    Kind(
        (
            "Expm1", "HardShrink", "SoftShrink", "SparsePlus", "Sparsemax", "Squareplus", "Threshold",
        ),
        arithmetic=activations.function,
    ),
)  # fmt: skip
_UNNAMED = Kind(("*",))


@lru_cache(maxsize=1024)
def kind_of(class_name: str) -> Kind:
    """Return what is known of layers of a Keras class: the first entry that names it."""
    for kind in _KINDS:
        if any(fnmatchcase(class_name, name) for name in kind.names):
            return kind
    return _UNNAMED
