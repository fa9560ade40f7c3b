"""What every layer reads, as the browser gets it."""

import json

from cnn.models.field_table import field_table
from dashboard.app import runtime_of


def test_the_table_is_that_of_the_model_and_of_the_size_of_its_picture(app, classifier):
    query = runtime_of(app).default_view().to_query()
    answer = app.server.test_client().get("/fields", query_string=query)
    assert answer.json == json.loads(json.dumps(field_table(classifier)))


def test_an_unknown_model_is_refused_in_a_sentence(app):
    answer = app.server.test_client().get("/fields", query_string={"model": "f" * 12})
    assert answer.status_code == 400
    assert answer.text.endswith(".")
