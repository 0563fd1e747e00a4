"""What a run prints when it ends: a table of its maps with their verdicts and exponents, and how many claims hold."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from blockspin.experiments.claims import STATUSES
from blockspin.experiments.core import card_name

MOST_ROWS = 20  # of the table; of more maps, as those of a sweep, each verdict is counted


def closing(concluded: Mapping[str, Any]) -> str:
    """A row for each map that is no control (at most 20, else how many have each verdict); then the claims by status.

    A row has the distances of y_t and y_h from their exact values, with errors; "-" where there is none.
    """
    from blockspin.judging.card import Comparison, Scorecard

    cards, counts = concluded["scorecards"], Counter(claim["status"] for claim in concluded["claims"])
    maps = {card["map"] for card in cards}
    judged = {card_name(card): card for card in cards if card["map"].rpartition(", ")[0] not in maps}
    lines = []
    if 0 < len(judged) <= MOST_ROWS and len(cards) == len({card_name(card) for card in cards}):
        lines.append(Comparison({name: Scorecard.from_dict(card) for name, card in judged.items()}).table())
    elif cards:
        verdicts = Counter(card["verdict"] for card in cards)
        lines.append("; ".join(f"{n} map{'s' * (n > 1)}: {verdict}" for verdict, n in verdicts.items()))
    if counts:
        lines.append("claims: " + ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]))
    return "\n".join(lines)
