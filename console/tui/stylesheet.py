"""Style sheets are read once for each set of colours: Textual reads them again whenever a theme is named."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class ReadOnce(Stylesheet):
    """As Textual's own, whose first paint would read everything three times.

    Args:
        variables: the theme's colours, by name.
    """

    def __init__(self, *, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._stale = False

    def set_variables(self, variables: dict[str, str]) -> None:
        """As `Stylesheet.set_variables`; the same ones change nothing."""
        if variables != self._variables:
            self._stale = True
            super().set_variables(variables)

    def reparse(self) -> None:
        """As `Stylesheet.reparse`, if there is any other colour than before."""
        if self._stale:
            super().reparse()
            self._stale = False
