"""What has no public name in Keras is used in one module, and was checked on one version."""

import re
from pathlib import Path

import keras
from keras import layers

from cnn.models import internals

ROOT = Path(__file__).parents[3]
CHECKED_ON = "3.15"


def test_the_version_is_the_one_on_which_the_parts_were_checked():
    assert keras.__version__.startswith(f"{CHECKED_ON}."), (
        f"Keras is {keras.__version__}: read through cnn/models/internals.py, then name it here."
    )


def test_no_other_module_reaches_into_keras():
    private = (
        r"\._(?:nodes_by_depth|functional|keras_history|flatten_layers|layers|inbound_nodes)\b"
    )
    others = [path for path in (ROOT / "cnn").rglob("*.py") if path.stem != "internals"]
    assert [
        path.name
        for path in others
        if re.search(private, path.read_text(encoding="utf-8"))
        or "keras.src" in path.read_text(encoding="utf-8")
    ] == []


def test_a_graph_is_walked_in_the_order_of_execution():
    picture = keras.Input((6, 6, 1), name="picture")
    shared = layers.Conv2D(1, 3, padding="same", name="shared")
    inner = keras.Sequential([layers.ReLU(name="relu")], name="inner")
    outputs = layers.Dropout(0.5, name="dropout")(inner(shared(shared(picture))))
    model = keras.Model(picture, outputs)
    walked = [node.operation.name for node in internals.nodes(model)]
    assert walked == ["shared", "shared", "inner", "dropout"]
    assert internals.origin(picture).name == "picture"
    assert internals.origin(outputs).name == "dropout"
    assert [name for name in walked if internals.is_graph(model.get_layer(name))] == ["inner"]
    inside = [node.operation.name for node in internals.nodes(internals.graph_of(inner))]
    assert inside == ["relu"]
    assert internals.takes_training(model.get_layer("dropout"))
    assert not internals.takes_training(shared)
    names = {layer.name for layer in internals.every_layer(model)}
    assert names >= {"shared", "inner", "relu", "dropout"}


def test_layers_whose_names_are_no_scopes_can_be_traced():
    picture = keras.Input((6, 6, 1))
    model = keras.Model(picture, layers.Conv2D(1, 3, name="my conv · 1")(picture))
    internals.name_scopes(model)
    spec = keras.KerasTensor((1, 6, 6, 1))
    assert model.compute_output_spec(spec).shape == (1, 4, 4, 1)
