"""A card inside a `.keras` file, which is an archive: so that the file alone has its class names."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

from cnn.errors import ModelError, reason
from cnn.models.card import Card, card_from, content_of
from cnn.models.opening.contents import require_short

_MEMBER = "card.json"


def enclose_card(card: Card, path: Path) -> None:
    """Put the card into the `.keras` file, without its facts; Keras reads past it.

    Raises `ModelError` for a file that has one, or that is no archive.
    """
    if not zipfile.is_zipfile(path):
        raise ModelError(
            f"{path.name} is no .keras file: save the network with model.save('name.keras')."
        )
    content = json.dumps(content_of(replace(card, facts=None)))
    with zipfile.ZipFile(path, "a") as archive:
        if _MEMBER in archive.namelist():
            raise ModelError(f"{path.name} has a card inside: open it without another.")
        # The member has no date, so that the same card makes the same file.
        archive.writestr(zipfile.ZipInfo(_MEMBER), content)


def enclosed_card(path: Path) -> Card:
    """Return the card in a `.keras` file, without facts; an empty one where there is none.

    Raises `ModelError` for one that is damaged.
    """
    name = f"{_MEMBER} in {path.name}"
    try:
        with zipfile.ZipFile(path) as archive:
            if _MEMBER not in archive.namelist():
                return Card()
            require_short(name, archive.getinfo(_MEMBER).file_size)
            raw = json.loads(archive.read(_MEMBER))
    except (OSError, zipfile.BadZipFile):
        # Whoever opens the network says what is wrong with the file.
        return Card()
    except (ValueError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise ModelError(f"{name} is no model card ({reason(error)}): remove it.") from error
    return replace(card_from(raw, name), facts=None)
