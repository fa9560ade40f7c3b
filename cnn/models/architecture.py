"""The networks that can be trained here: blocks of convolution and pooling, then dense layers."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from cnn.errors import ModelError
from cnn.ranges import Limits
from cnn.settings import require_accepted, setting
from cnn.words import counted, listed

if TYPE_CHECKING:
    import keras

Activation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"]
Initial = Literal["glorot", "he", "equal"]
Padding = Literal["valid", "same"]
Pooling = Literal["max", "average", "none"]
NETWORK = "Network"
POOL = 2
MOST_PARAMETERS = 20_000_000
_EQUAL_WEIGHT = 0.01
_MOST_BLOCKS, _MOST_STRIDE = 6, 4
# Scale, offset, mean and variance of each map.
_PER_NORMALISED = 4
_LAYERS = {"max": "max_pooling2d", "average": "average_pooling2d"}


@dataclass(frozen=True)
class Architecture:
    """A classifier: `blocks` of convolution and pooling, a dense layer, and the classes.

    A block is a convolution with square kernels, batch normalisation if asked, the activation, and
    pooling of 2×2. `dropout` leaves out inputs of what follows the blocks. The weights begin as
    Glorot & Bengio (2010) or He et al. (2015) propose, or all equal. Values out of range raise
    `RunError`.
    """

    blocks: int = setting(
        2, NETWORK, "Conv blocks", "Blocks of convolution and pooling", Limits(1, _MOST_BLOCKS)
    )
    filters: int = setting(
        32, NETWORK, "Filters", "In the first block; each next has twice as many", Limits(1, 256)
    )
    kernel: int = setting(3, NETWORK, "Kernel side", "Side of the kernels, in cells", Limits(1, 11))
    stride: int = setting(
        1, NETWORK, "Stride", "Step of the convolutions, in cells", Limits(1, _MOST_STRIDE)
    )
    padding: Padding = setting(
        "valid", NETWORK, "Padding", "Whether maps lose their edges", choices=get_args(Padding)
    )
    pooling: Pooling = setting(
        "max", NETWORK, "Pooling", "What is kept of 2×2 cells", choices=get_args(Pooling)
    )
    dense: int = setting(
        64, NETWORK, "Dense units", "Units before the classes; 0: no such layer", Limits(0, 2048)
    )
    dropout: float = setting(
        0.0,
        NETWORK,
        "Dropout",
        "Share left out while training",
        Limits(0, 0.9, is_whole=False),
        is_share=True,
    )
    activation: Activation = setting(
        "relu", NETWORK, "Activation", "Function after each convolution and dense layer",
        choices=get_args(Activation), words={
            "relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU",
        },
    )  # fmt: skip
    initial: Initial = setting(
        "glorot", NETWORK, "First weights", "How the weights are drawn at the start",
        choices=get_args(Initial), words={"glorot": "Glorot", "he": "He", "equal": "all equal"},
    )  # fmt: skip
    batch_norm: bool = setting(False, NETWORK, "Batch normalisation", "After each convolution")

    def __post_init__(self) -> None:
        """Refuse values out of range, with what is accepted."""
        require_accepted(self)

    def kernels_of(self, block: int) -> int:
        """Return how many kernels block number `block`, from 0, has."""
        return int(self.filters * 2**block)

    def check(self, shape: tuple[int, int, int], classes: int) -> None:
        """Raise `ModelError`, with the reason, if such a network cannot be trained here."""
        count = self.parameters(shape, classes)
        if count > MOST_PARAMETERS:
            raise ModelError(
                f"This network would have {count:,} parameters, more than the "
                f"{MOST_PARAMETERS:,} that are trained here: choose {self._smaller(shape, classes)}."
            )

    def _smaller(self, shape: tuple[int, int, int], classes: int) -> str:
        """Return, in words, each change of one setting that makes the network small enough."""

        def changed(**change: Any) -> Architecture:
            return replace(self, **change)

        def most(name: str) -> int:
            def count(value: int) -> int:
                return changed(**{name: value}).parameters(shape, classes)

            return bisect_right(range(1, getattr(self, name)), MOST_PARAMETERS, key=count)

        near = sorted(range(1, _MOST_BLOCKS + 1), key=lambda blocks: abs(blocks - self.blocks))
        wider = range(self.stride + 1, _MOST_STRIDE + 1)
        blocks = next((n for n in near if changed(blocks=n)._fits(shape, classes)), 0)
        stride = next((n for n in wider if changed(stride=n)._fits(shape, classes)), 0)
        filters, dense = most("filters"), most("dense")
        changes = {
            counted(blocks, "block"): blocks,
            f"a stride of {stride}": stride,
            f"at most {counted(filters, 'filter')}": filters,
            f"at most {counted(dense, 'dense unit')}": dense,
        }
        helpful = [words for words, value in changes.items() if value]
        return listed(helpful, "or") if helpful else "smaller pictures, or fewer filters and units"

    def _fits(self, shape: tuple[int, int, int], classes: int) -> bool:
        try:
            return self.parameters(shape, classes) <= MOST_PARAMETERS
        except ModelError:
            return False

    def parameters(self, shape: tuple[int, int, int], classes: int) -> int:
        """Return how many parameters the network has, those of batch normalisation among them.

        Raises `ModelError`, with the reason, if pictures of that shape do not go through.
        """
        height, width, channels = shape
        count = 0
        for block in range(self.blocks):
            where = f"Block {block + 1} gets maps of {height}×{width}"
            if self.padding == "valid" and min(height, width) < self.kernel:
                raise ModelError(
                    f"{where}, smaller than its {self.kernel}×{self.kernel} kernels: choose fewer "
                    'blocks, a smaller kernel or stride, or padding "same".'
                )
            height, width = self._convolved(height), self._convolved(width)
            if self.pooling != "none" and min(height, width) < POOL:
                raise ModelError(
                    f"{where} and makes maps of {height}×{width}, which cannot be pooled {POOL}×"
                    f'{POOL}: choose fewer blocks, a smaller stride, no pooling, or padding "same".'
                )
            if self.pooling != "none":
                height, width = height // POOL, width // POOL
            normalised = _PER_NORMALISED if self.batch_norm else 0
            count += (self.kernel**2 * channels + 1 + normalised) * self.kernels_of(block)
            channels = self.kernels_of(block)
        flat = height * width * channels
        return count + (flat + 1) * self.dense + ((self.dense or flat) + 1) * classes

    def _convolved(self, side: int) -> int:
        covered = side - self.kernel + 1 if self.padding == "valid" else side
        return -(-covered // self.stride)

    def build(self, shape: tuple[int, int, int], classes: int) -> tuple[Any, Any]:
        """Return the symbolic input and output of the untrained network.

        Raises `ModelError` if pictures of that shape do not go through.
        """
        import keras
        from keras import layers

        self.check(shape, classes)
        inputs = keras.Input(shape, name="input")
        x = inputs
        for block in range(self.blocks):
            x = self._block(x, block)
        x = layers.Flatten(name="flatten")(x)
        if self.dropout:
            x = layers.Dropout(self.dropout, name="dropout")(x)
        if self.dense:
            x = layers.Dense(self.dense, self.activation, name="dense", **self._start())(x)
        last = "dense_1" if self.dense else "dense"
        return inputs, layers.Dense(classes, "softmax", name=last, **self._start())(x)

    def _block(self, x: Any, block: int) -> Any:
        from keras import layers

        number = f"_{block}" if block else ""
        activation = None if self.batch_norm else self.activation
        x = layers.Conv2D(
            self.kernels_of(block), self.kernel, strides=self.stride, padding=self.padding,
            activation=activation, name=f"conv2d{number}", **self._start(),
        )(x)  # fmt: skip
        if self.batch_norm:
            x = layers.BatchNormalization(name=f"batch_normalization{number}")(x)
            x = layers.Activation(self.activation, name=f"activation{number}")(x)
        if self.pooling == "none":
            return x
        pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[self.pooling]
        return pool(POOL, name=f"{_LAYERS[self.pooling]}{number}")(x)

    def _start(self) -> dict[str, keras.Initializer]:
        from keras import initializers

        kinds = {
            "glorot": initializers.GlorotUniform,
            "he": initializers.HeNormal,
            "equal": lambda: initializers.Constant(_EQUAL_WEIGHT),
        }
        return {"kernel_initializer": kinds[self.initial]()}
