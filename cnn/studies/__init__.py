"""What takes a network many pictures to tell: asked once, done by a worker, kept in a folder."""

from cnn.studies.answers import (
    Best,
    Channel,
    Evaluation,
    Raised,
    Ranking,
    Scores,
    Trust,
    Unit,
)
from cnn.studies.question import (
    DIAGNOSE,
    EVALUATE,
    RANK,
    SYNTHESISE,
    TOPS,
    TRUST,
    Asked,
    Kind,
    Network,
    Question,
    Sought,
)
from cnn.studies.study import ID, Status, Study, ask, find
from cnn.studies.work import work_on

__all__ = [
    "DIAGNOSE",
    "EVALUATE",
    "ID",
    "RANK",
    "SYNTHESISE",
    "TOPS",
    "TRUST",
    "Asked",
    "Best",
    "Channel",
    "Evaluation",
    "Kind",
    "Network",
    "Question",
    "Raised",
    "Ranking",
    "Scores",
    "Sought",
    "Status",
    "Study",
    "Trust",
    "Unit",
    "ask",
    "find",
    "work_on",
]
