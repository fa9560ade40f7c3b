from collections import Counter

from cnn.captions.glossary import GLOSSARY

NEEDED = (
    "norm", "logit", "ReLU", "cross-correlation", "stride", "padding", "epoch", "batch", "kernel",
    "channel", "feature map", "bias", "softmax", "gradient", "learning rate", "receptive field",
    "pooling", "parameters", "loss", "accuracy", "validation", "overfitting", "moment", "silent",
    "dead", "dilation",
)  # fmt: skip


def test_the_words_of_the_captions_are_in_it():
    assert set(NEEDED) <= {term.name for term in GLOSSARY}


def test_no_form_has_two_meanings():
    forms = Counter(form.lower() for term in GLOSSARY for form in (term.name, *term.forms))
    assert [form for form, count in forms.items() if count > 1] == []
    assert len({term.key for term in GLOSSARY}) == len(GLOSSARY)


def test_each_is_told_in_a_few_whole_sentences():
    for term in GLOSSARY:
        assert term.text[0].isupper() and term.text.endswith("."), term
        assert 1 <= term.text.count(". ") + 1 <= 3, term


def test_they_stand_in_the_order_of_the_alphabet():
    names = [term.name.lower() for term in GLOSSARY]
    assert names == sorted(names)
