import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution.lrp import Relevance, relevance
from cnn.attribution.objective import objective_of
from cnn.models.loading import as_functional
from cnn.models.preparing import prepare
from tests.kinds import scramble


def picture_of(shape: tuple[int, int, int], seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def relevance_of(
    model: keras.Model, image: np.ndarray, *, convolutions: str = "z+", epsilon: float = 1e-6
) -> Relevance:
    batch = prepare(image, model)
    return relevance(objective_of(model, batch, None), batch, convolutions, epsilon)


def close(found: np.ndarray, expected: np.ndarray, relative: float = 1e-5) -> None:
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=relative * np.abs(expected).max())


def without_biases() -> keras.Model:
    """All kinds that give twice as much for twice the input, with branches and a network inside."""
    keras.utils.set_random_seed(6)
    plain = {"use_bias": False, "activation": "relu"}
    picture = keras.Input((12, 10, 2))
    x = layers.ZeroPadding2D(1)(picture)
    x = layers.Conv2D(6, 3, **plain)(x)
    x = layers.MaxPooling2D(2)(x)
    inside = keras.Input(x.shape[1:])
    y = layers.SeparableConv2D(6, 3, padding="same", use_bias=False)(inside)
    x = keras.Model(inside, layers.Add()([inside, layers.ReLU()(y)]), name="block")(x)
    x = layers.Dropout(0.5)(x) * 0.5
    left = layers.DepthwiseConv2D(3, **plain)(x)
    right = layers.Conv2DTranspose(3, 2, **plain)(layers.AveragePooling2D(2)(x))
    right = layers.Cropping2D(((2, 2), (2, 1)))(layers.UpSampling2D(2)(right))
    x = layers.Concatenate()([left, layers.Permute((2, 1, 3))(layers.Permute((2, 1, 3))(right))])
    x = layers.PReLU(keras.initializers.Constant(0.2), shared_axes=(1, 2))(x)
    x = layers.Dense(7, **plain)(layers.Flatten()(x))
    scores = layers.Dense(4, use_bias=False, activation="softmax")(x)
    return as_functional(keras.Model(picture, scores))


def test_without_biases_and_epsilon_it_is_input_times_gradient():
    model, image = without_biases(), picture_of((12, 10, 2))
    options = {"convolutions": "epsilon", "epsilon": 1e-12}
    for target in (0, cnn.Target(1, against=2)):
        found = cnn.attribute(model, image, method="lrp", target=target, **options)
        expected = cnn.attribute(model, image, method="input_x_gradient", target=target)
        close(found.map, expected.map, 1e-5)
        assert found.value == pytest.approx(found.map.sum(), rel=1e-5)
        assert found.law.residual < 1e-5


def test_each_rule_is_as_by_hand():
    keras.utils.set_random_seed(7)
    model = as_functional(
        keras.Sequential(
            [
                keras.Input((4, 5, 1)),
                layers.Rescaling(1 / 100, offset=-1, name="scale"),
                layers.Conv2D(3, 2, activation="relu", name="conv"),
                layers.MaxPooling2D((1, 2), name="pool"),
                layers.Flatten(name="flatten"),
                layers.Dense(2, activation="softmax", name="scores"),
            ]
        )
    )
    for name in ("conv", "scores"):
        layer = model.get_layer(name)
        layer.bias.assign(np.linspace(0.3, 0.7, layer.bias.shape[0]))
    image, epsilon = picture_of((4, 5, 1)), 0.05
    made = cnn.activations(model, image)
    kernel, bias = (weights.astype(float) for weights in model.get_layer("scores").get_weights())
    entering = made["flatten"].astype(float)
    sums = entering @ kernel + bias
    class_ = int(sums.argmax())
    share = sums[class_] / (sums[class_] + np.copysign(epsilon, sums[class_]))
    pooled = (entering * kernel[:, class_] * share).reshape(3, 2, 3)
    expected = np.zeros((4, 5))
    lost = 0.0
    signed = made["scale"][..., 0].astype(float)
    weights = model.get_layer("conv").kernel.numpy()[:, :, 0].astype(float)
    for row, column, channel in np.ndindex(pooled.shape):
        pair = made["conv"][row, 2 * column : 2 * column + 2, channel]
        winner = 2 * column + int(pair.argmax())
        window = np.s_[row : row + 2, winner : winner + 2]
        parts = np.maximum(signed[window] * weights[..., channel], 0)
        if parts.sum():
            expected[window] += parts / parts.sum() * pooled[row, column, channel]
        else:
            lost += pooled[row, column, channel]
    scaled = batch_of(model, image) / 100
    divisors = signed + np.where(signed < 0, -epsilon, epsilon)
    found = relevance_of(model, image, epsilon=epsilon)
    close(found.map[..., 0], scaled * expected / divisors)
    assert signed.min() < 0 < signed.max()
    assert found.value == pytest.approx(sums[class_], rel=1e-5)
    taken = share * (bias[class_] + np.copysign(epsilon, sums[class_]))
    assert found.absorbed["scores"] == pytest.approx(taken, rel=1e-5)
    assert found.absorbed["conv"] == pytest.approx(lost, abs=1e-5)
    assert found.absorbed["pool"] == found.absorbed["flatten"] == 0
    assert found.absorbed["scale"] == pytest.approx(
        (expected * (divisors - scaled) / divisors).sum(), rel=1e-5
    )


def batch_of(model: keras.Model, image: np.ndarray) -> np.ndarray:
    return prepare(image, model)[0, ..., 0].astype(float)


@pytest.mark.parametrize("convolutions", ["z+", "epsilon"])
def test_what_a_layer_receives_goes_on_or_is_absorbed(classifier, seven, convolutions):
    found = relevance_of(classifier, seven, convolutions=convolutions)
    names = [info.name for info in cnn.layer_infos(classifier)]
    received = [found.received[name] for name in names]
    left = [received[i] - found.absorbed[name] for i, name in enumerate(names)]
    np.testing.assert_allclose(received[:-1], left[1:], rtol=0, atol=1e-5 * abs(found.value))
    assert received[-1] == pytest.approx(found.value, rel=1e-5)
    assert received[0] == pytest.approx(found.map.sum(), rel=1e-5)
    assert found.absorbed[names[-1]] != 0


def test_the_law_is_conservation_with_what_was_absorbed(classifier, seven):
    absorbed = sum(relevance_of(classifier, seven).absorbed.values())
    found = cnn.attribute(classifier, seven, method="lrp")
    assert found.settings == {"convolutions": "z+", "epsilon": 1e-6}
    assert found.value == pytest.approx(cnn.predict(classifier, seven).logits[7], rel=1e-5)
    assert found.law.name == "conservation"
    assert found.law.expected == pytest.approx(found.value - absorbed, rel=1e-5)
    assert found.law.found == pytest.approx(found.map.sum(), rel=1e-5)
    assert found.residual < 1e-5


def test_where_epsilon_takes_all_of_it_the_law_says_nothing():
    """What is left is the rounding of two numbers that are the same, whatever the map adds up to."""
    model = without_biases()
    *_, last = [layer for layer in model.layers if layer.weights]
    last.set_weights([weights * np.float32(1e-14) for weights in last.get_weights()])
    law = cnn.attribute(model, picture_of((12, 10, 2)), method="lrp").law
    assert abs(law.found) < 1e-14
    assert law.allowed > 1
    assert law.mark == "inconclusive"


def normalised(*, is_folded: bool) -> keras.Model:
    """Layers of four kinds, each with a batch normalisation behind it, or with it folded in."""
    keras.utils.set_random_seed(11)
    picture = x = keras.Input((7, 6, 2))
    for name, layer in {
        "plain": layers.Conv2D(4, 3, name="plain"),
        "depthwise": layers.DepthwiseConv2D(2, depth_multiplier=2, name="depthwise"),
        "transposed": layers.Conv2DTranspose(3, 2, name="transposed"),
        "dense": layers.Dense(5, name="dense"),
    }.items():
        x = layer(layers.Flatten()(x) if name == "dense" else x)
        x = x if is_folded else layers.BatchNormalization(name=f"{name}_norm")(x)
        x = layers.ReLU()(x)
    return as_functional(keras.Model(picture, layers.Dense(3, name="scores")(x)))


def fold(model: keras.Model, folded: keras.Model) -> None:
    """Give the normalisations numbers, of both signs, and the folded network what they come to."""
    random = np.random.default_rng(12)
    folded.get_layer("scores").set_weights(model.get_layer("scores").get_weights())
    for name in ("plain", "depthwise", "transposed", "dense"):
        norm = model.get_layer(f"{name}_norm")
        size = norm.gamma.shape[0]
        gamma = random.uniform(0.5, 2, size) * np.where(np.arange(size) % 2, -1, 1)
        beta, mean, variance = random.uniform(0.2, 1, (3, size))
        norm.set_weights([gamma, beta, mean - 0.5, variance])
        factor = gamma / np.sqrt(variance + norm.epsilon)
        kernel, bias = model.get_layer(name).get_weights()
        shape = {"depthwise": (-1, 2), "transposed": (-1, 1)}.get(name, (-1,))
        turned = kernel * factor.reshape(shape)
        folded.get_layer(name).set_weights([turned, (bias - mean + 0.5) * factor + beta])


def test_a_batch_normalisation_is_folded_into_the_layer_before_it():
    model, folded, image = (
        normalised(is_folded=False),
        normalised(is_folded=True),
        picture_of((7, 6, 2)),
    )
    fold(model, folded)
    np.testing.assert_allclose(
        cnn.predict(model, image).logits, cnn.predict(folded, image).logits, rtol=1e-5, atol=1e-5
    )
    for convolutions in ("z+", "epsilon"):
        options = {"method": "lrp", "target": 1, "convolutions": convolutions}
        found = cnn.attribute(model, image, **options)
        close(found.map, cnn.attribute(folded, image, **options).map, 1e-5)
        assert found.residual < 1e-5


def test_a_network_with_branches_nested_and_shared_layers_conserves_it(second_model):
    found = cnn.attribute(second_model, picture_of((20, 30, 3)), method="lrp")
    assert found.map.shape == (20, 30, 3)
    assert found.map.any()
    assert found.residual < 1e-5


def test_a_unit_is_explained_by_what_it_sees(classifier, seven):
    target = cnn.Target(3, layer="conv2d", cell=(10, 12))
    found = cnn.attribute(classifier, seven, method="lrp", target=target)
    seen = np.zeros((28, 28), bool)
    seen[10:13, 12:15] = True
    assert found.value > 0
    assert found.map[..., 0][seen].any()
    assert not found.map[..., 0][~seen].any()


def test_a_constant_network_gives_zeros():
    model = without_biases()
    model.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
    found = cnn.attribute(model, picture_of((12, 10, 2)), method="lrp", target=0)
    np.testing.assert_array_equal(found.map, np.zeros((12, 10, 2), np.float32))
    assert found.residual == 0


def transformer(picture: keras.KerasTensor) -> keras.KerasTensor:
    rows = x = layers.Reshape((4, -1))(layers.Conv2D(6, 3, 3)(picture))
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(2, 4)(y, y)
    x = layers.RMSNormalization()(layers.Add()([x, layers.Dense(6, "gelu")(y)]))
    x = layers.AdditiveAttention()([x, layers.GroupQueryAttention(3, 2, 1)(x, x), rows])
    return layers.MultiHeadAttention(1, 3, use_bias=False)(x, rows, key=layers.ReLU()(rows))


def with_gates(picture: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.GroupNormalization(2)(layers.Conv2D(4, 3, activation="silu")(picture))
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Multiply()([x, layers.Dense(4, "hard_sigmoid")(squeezed)])
    x = layers.UnitNormalization()(layers.LayerNormalization(axis=[1, 2])(x))
    return keras.ops.glu(x / (1.0 + keras.ops.square(x)))


def attention_by_hand(picture: keras.KerasTensor) -> keras.KerasTensor:
    rows = layers.Reshape((6, -1))(picture)
    query, key, value = (layers.Dense(5)(rows) for _ in range(3))
    shares = layers.Softmax()(keras.ops.matmul(query, keras.ops.transpose(key, (0, 2, 1))))
    x = keras.ops.matmul(shares, value)
    x = layers.Minimum()([x, layers.Multiply()([x, x])])
    x = layers.Dense(4, "softmax")(layers.Add()([x, x]))
    return layers.Dot(axes=1)([x, keras.ops.max(x, axis=2, keepdims=True)])


@pytest.mark.parametrize("inside", [transformer, with_gates, attention_by_hand])
def test_what_multiplies_numbers_of_the_picture_conserves_it(inside):
    picture = keras.Input((6, 6, 2))
    sums = layers.Dense(3, "softmax")(layers.Flatten()(inside(picture)))
    model = as_functional(keras.Model(picture, sums))
    scramble(model, seed=5)
    found = cnn.attribute(model, picture_of((6, 6, 2)), method="lrp", target=1)
    assert abs(found.map).max() > 1e-6
    # Float32 is as far off as is 1e-5 of the number that is shared out; what is left may be far less.
    assert found.law.found == pytest.approx(found.law.expected, abs=1e-5 * abs(found.value))
    is_held, is_shared = "(Ali et al. 2022)" in found.note, "(Achtibat et al. 2024)" in found.note
    assert (is_held, is_shared) == (
        inside is not attention_by_hand,
        inside is not transformer,
    )


def test_with_its_weights_and_its_spread_held_attention_is_linear():
    keras.utils.set_random_seed(8)
    picture = keras.Input((3, 4, 1))
    rows = layers.Reshape((3, 4))(picture)
    even = layers.LayerNormalization(name="even")(rows)
    heads = layers.MultiHeadAttention(2, 3, use_bias=False, name="heads")
    scores = layers.Dense(2, use_bias=False, name="scores")
    model = as_functional(keras.Model(picture, scores(layers.Flatten()(heads(even, even)))))
    image = picture_of((3, 4, 1))
    entered = prepare(image, model)[0, ..., 0].astype(float)
    deviations = np.sqrt(entered.var(1, keepdims=True) + model.get_layer("even").epsilon)
    made = cnn.activations(model, image)["even"][None]
    _, shares = heads(made, made, return_attention_scores=True)
    into, out = (one.kernel.numpy() for one in (heads.value_dense, heads.output_dense))
    weights = scores.kernel.numpy()[:, 1].reshape(3, 4)

    def held(numbers: np.ndarray) -> float:
        values = np.einsum(
            "rc,chs->rhs", (numbers - numbers.mean(1, keepdims=True)) / deviations, into
        )
        mixed = np.einsum("hqr,rhs->qhs", shares.numpy()[0].astype(float), values)
        return float((np.einsum("qhs,hsc->qc", mixed, out) * weights).sum())

    assert held(entered) == pytest.approx(cnn.predict(model, image).logits[1], rel=1e-5)
    units = np.eye(12).reshape(12, 3, 4)
    expected = entered * np.array([held(unit) for unit in units]).reshape(3, 4)
    found = cnn.attribute(model, image, method="lrp", target=1, epsilon=1e-12)
    close(found.map[..., 0], expected)


def test_a_product_and_a_softmax_are_shared_as_by_hand():
    picture = keras.Input((1, 4, 1))
    x = layers.Flatten()(picture)
    pairs = layers.Multiply()([x[:, :2], x[:, 2:]])
    product = as_functional(keras.Model(picture, keras.ops.sum(pairs, axis=1, keepdims=True)))
    image = np.array([[[51], [102], [153], [204]]], np.uint8)
    found = cnn.attribute(product, image, method="lrp", target=0, epsilon=1e-12)
    np.testing.assert_allclose(found.map[0, :, 0], [0.06, 0.16, 0.06, 0.16], rtol=1e-5)

    weights = np.array([1.0, -2.0, 0.5, 3.0])
    mixed = layers.Dense(1, use_bias=False, name="mixed")(layers.Softmax()(x))
    softmax = as_functional(keras.Model(picture, mixed))
    softmax.get_layer("mixed").set_weights([weights[:, None]])
    numbers = np.array([0.2, 0.4, 0.6, 0.8])
    shares = np.exp(numbers) / np.exp(numbers).sum()
    relevance = shares * weights
    expected = numbers * (relevance - shares * relevance.sum())
    found = cnn.attribute(softmax, image, method="lrp", target=0, epsilon=1e-12)
    np.testing.assert_allclose(found.map[0, :, 0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (lambda x: layers.LSTM(2, name="memory")(x), r"'memory' \(LSTM\)"),
        (lambda x: layers.Dense(3, "sparsemax", name="inner")(x), r"'inner' \(Dense\)"),
        (lambda x: keras.ops.divide(1.0, x + 2), r"'divide.*' \(Divide\)"),
    ],
)
def test_a_layer_without_a_rule_is_named(made, named):
    picture = keras.Input((4, 4, 1))
    x = made(layers.Reshape((4, 4))(picture))
    model = as_functional(keras.Model(picture, layers.Dense(2)(layers.Flatten()(x))))
    with pytest.raises(cnn.AttributionError, match=f"{named}: choose another method"):
        cnn.attribute(model, picture_of((4, 4, 1)), method="lrp")


def test_one_sigmoid_after_layers_of_half_precision_is_explained_before_it():
    keras.utils.set_random_seed(13)
    half = {"dtype": "mixed_float16"}
    model = as_functional(
        keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(4, 3, activation="relu", **half),
                layers.MaxPooling2D(2, **half),
                layers.Flatten(**half),
                layers.Dense(1, activation="sigmoid", name="score", dtype="float32"),
            ]
        )
    )
    image = picture_of((8, 8, 1))
    found = cnn.attribute(model, image, method="lrp")
    probability = cnn.activations(model, image)["score"]
    assert found.value == pytest.approx(float(np.log(probability / (1 - probability))[0]), rel=1e-3)
    assert found.map.dtype == np.float32
    assert found.residual < found.law.allowed


@pytest.mark.parametrize("convolutions", ["z+", "epsilon"])
def test_a_separable_convolution_is_as_its_two_parts(convolutions):
    keras.utils.set_random_seed(11)
    picture = keras.Input((9, 8, 2))
    options = {"strides": 2, "padding": "same", "use_bias": False}
    whole = layers.SeparableConv2D(
        3, 3, depth_multiplier=2, strides=2, padding="same", name="whole"
    )
    depthwise = layers.DepthwiseConv2D(3, depth_multiplier=2, name="first", **options)
    pointwise = layers.Conv2D(3, 1, name="second")
    norm, top = layers.BatchNormalization(), layers.Dense(2, name="top")

    def ending(x):
        return as_functional(keras.Model(picture, top(layers.Flatten()(layers.ReLU()(norm(x))))))

    model, parts = ending(whole(picture)), ending(pointwise(depthwise(picture)))
    of_norm = ([1, -2, 0.5], [0.1, 0, -0.2], [0] * 3, [1] * 3)
    norm.set_weights([np.array(one, np.float32) for one in of_norm])
    depthwise.set_weights([whole.depthwise_kernel.numpy()])
    pointwise.set_weights([whole.pointwise_kernel.numpy(), whole.bias.numpy()])
    image = picture_of((9, 8, 2))
    found, expected = (
        cnn.attribute(one, image, method="lrp", target=1, convolutions=convolutions)
        for one in (model, parts)
    )
    if convolutions == "z+":
        close(found.map, expected.map)
    other = {"z+": "epsilon", "epsilon": "z+"}[convolutions]
    changed = cnn.attribute(model, image, method="lrp", target=1, convolutions=other)
    assert np.abs(changed.map - found.map).max() > 1e-3 * np.abs(found.map).max()
