"""Who may do what with parameters; each function states its rule in a sentence."""

from typing import Protocol


class Reader(Protocol):
    """What a rule needs to know about an account; accounts is a neighbour, not something to import."""

    pk: int | None
    is_active: bool
    role: str

    @property
    def is_authenticated(self) -> bool: ...

    @property
    def sees_city(self) -> bool: ...


def reads_parameters(user: Reader) -> bool:
    """Every signed-in, active account reads the rules it is held to, enterprises included."""
    return bool(user.is_authenticated and user.is_active)


def adopts_parameters(user: Reader) -> bool:
    """A planner whose scope is the whole city puts a peer city's figure in force."""
    return bool(user.is_authenticated and user.is_active and user.role == "planner" and user.sees_city)


def changes_defaults(user: Reader) -> bool:
    """Who adopts a peer city's figure also sets the city's own in place of a default of the product."""
    return adopts_parameters(user)
