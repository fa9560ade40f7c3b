"""What takes a network many pictures to tell: asked once, done by a worker, kept in a folder."""

from cnn.studies.answers import Channel, Evaluation, Ranking, Scores, Trust
from cnn.studies.question import (
    DIAGNOSE,
    EVALUATE,
    RANK,
    TOPS,
    TRUST,
    Asked,
    Kind,
    Network,
    Question,
)
from cnn.studies.study import ID, Status, Study, ask, find
from cnn.studies.work import work_on

__all__ = [
    "DIAGNOSE",
    "EVALUATE",
    "ID",
    "RANK",
    "TOPS",
    "TRUST",
    "Asked",
    "Channel",
    "Evaluation",
    "Kind",
    "Network",
    "Question",
    "Ranking",
    "Scores",
    "Status",
    "Study",
    "Trust",
    "ask",
    "find",
    "work_on",
]
