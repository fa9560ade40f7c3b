"""The network with changed channels as a file."""

import cnn
from dashboard.app import runtime_of


def test_the_operated_network_is_one_file_that_has_the_class_names_and_the_range(app, tmp_path):
    query = {**runtime_of(app).default_view().to_query(), "surgery": "conv2d:3*0"}
    answer = app.server.test_client().get("/operated", query_string=query)
    assert answer.status_code == 200, answer.text
    path = tmp_path / "taken-elsewhere.keras"
    path.write_bytes(answer.data)
    model = cnn.load_model(path)
    assert "conv2d_operated" in [layer.name for layer in model.layers]
    card, before = (cnn.models.card_of(one) for one in (model, cnn.load_model()))
    assert card.class_names == before.class_names
    assert card.class_names
    assert card.scale == before.scale
    assert card.scale is not None
