"""Sentences of the quiz: what is asked, what both networks' maps have in common, and what follows."""

from __future__ import annotations

from cnn.attribution.methods import METHODS
from cnn.attribution.quiz import MAPS, Alike, Case, Choice, Quiz
from cnn.attribution.trust.cascade import SEEDS
from cnn.words import counted, listed

LETTERS = "ABCD"
# In shares, since the numbers of a network without training have another size.
SCALED = "Each map is drawn in shares of its own largest number, since its size could tell."
_LESSONS: dict[Alike, str] = {
    "order": (
        "Without training too the pixels of these pictures come in a similar order ({medians}). So much "
        "of such a map comes from the picture and the method, and not from what was learned."
    ),
    "strength": (
        "Both networks' maps of these pictures are strong at similar places, though their signs differ "
        "({medians}). So where such a map is strong comes for a good part from the picture, and not from "
        "what was learned."
    ),
    "partly": (
        "Part of the order of the pixels is there without training too ({medians}). So such a map shows "
        "the picture as well as what was learned."
    ),
    "hardly": (
        "Hardly anything of the order of the pixels is there without training ({medians}). So such a map "
        "depends on what was learned: that is necessary, and no proof that it is right."
    ),
}


def asked(method: str) -> str:
    """Return the question."""
    return (
        f"Each map says by {METHODS[method].name} which pixels counted. Three are of the network on the "
        "screen. One is of the same network with all its weights drawn anew, as before a training. Which?"
    )


def pictures(choice: Choice, name: str) -> str:
    """Return what the network makes of the pictures, which are of the data set of that name."""
    if choice.right is None:
        return "Whether the network gets these pictures right is not known."
    if choice.right == MAPS:
        return "The network on the screen gets all four pictures right."
    tried, wrong = counted(choice.looked_at, "picture"), MAPS - choice.right
    verb = "is" if wrong == 1 else "are"
    return (
        f"Of {tried} of {name} that were tried the network gets {choice.right} right: {wrong} of these "
        f"four {verb} wrong."
    )


def told(case: Case, *, is_untrained: bool) -> str:
    """Return of which network the map is, and how it is related to that of the other."""
    whose = "Of the untrained network." if is_untrained else "Of the network on the screen."
    if case.signed is None or case.absolute is None:
        return f"{whose} One of both networks' maps of this picture is the same everywhere."
    relation = _correlations(case.trained.method, case.signed, case.absolute)
    return f"{whose} Both networks' maps of this picture: {relation}."


def reason(question: Quiz) -> str:
    """Return which map is of the untrained network, and what the question teaches."""
    letter, (first, *_) = LETTERS[question.choice.untrained], question.cases
    sentences = [f"{letter} is of the untrained network.", _lesson(question, first.trained.method)]
    if question.kept:
        sentences.append(f"{listed(question.kept)} could not be drawn anew, and stayed as trained.")
    sentences.append(f"This is one draw: the trial on the page Explain makes {SEEDS}.")
    return " ".join(sentences)


def _lesson(question: Quiz, method: str) -> str:
    signed, absolute = question.signed, question.absolute
    if question.alike is None or signed is None or absolute is None:
        return "Most of these maps are the same everywhere: nothing can be told by them."
    medians = f"median {_correlations(method, signed, absolute)}"
    return _LESSONS[question.alike].format(medians=medians)


def _correlations(method: str, signed: float, absolute: float) -> str:
    """Return both correlations in words; of a map without signs they are the same."""
    words = f"rank correlation {_rounded(signed)}"
    if METHODS[method].is_signed:
        words += f", of magnitudes {_rounded(absolute)}"
    return words


def _rounded(correlation: float) -> str:
    return f"{correlation:.2f}".replace("-", "−")
