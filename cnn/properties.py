"""Properties that are computed once for an object, by each for itself: nobody waits for another's."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functools import cached_property as cached_property
else:

    class cached_property(functools.cached_property):  # noqa: N801
        """A property whose value is kept by the object.

        That of Python 3.11 holds one lock for the property of all objects, as long as it computes it for
        one: while a network was opened for one reader, every other one waited.
        """

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value
