"""What must hold on a simulated day, by name, and the error that says which of it did not."""

from enum import StrEnum


class Invariant(StrEnum):
    """What must hold, by the name that a broken one is reported under."""

    ONE_ORDER = "one order per intent"
    HALT = "no entry after a halt"
    WINDOW = "entries only inside the window"
    FRESH_DATA = "no entry on stale data"
    TWO_SIDES = "no entry while a side of the market is missing"
    CONFIRMED = "no limit acts on a price that was not confirmed"
    FOLLOWED = "a price that was confirmed is believed"
    HUBS_UP = "no entry with a hub away"
    ACCOUNT_KNOWN = "no entry before a look at the account"
    ORDER_SIZE = "no order larger than allowed"
    LIVING_SESSION = "only a living session sends"
    OWN_STOP = "no stop of our own where none is allowed"
    STOP_LOOSENED = "a stop is never loosened"
    HELD_MAX = "no more contracts held than the size"
    PROTECTED = "every position protected in time"
    KEPT_STOP = "no stop is taken away on a look that contradicts itself"
    PROOF = "flat is proven only when it is so"
    NOT_BLIND = "nothing held for long with a hub away"
    DAY_ENDS = "the day ends"
    FLAT = "flat at the end"
    LEFT_PROTECTED = "what is left is under its stop"
    REALISED = "our profit and loss is the venue's"
    LOSS_MAX = "no loss beyond the daily limit"
    TRADES_MAX = "no more trades than the limit"
    CLOCK = "no entry while our time is in doubt"
    DOUBTED_TIME = "nothing is held for long while our time is in doubt"
    WOKE_UNKNOWING = "no entry after a standstill before a look"
    JUDGED_ASLEEP = "no deadline is judged that ran out while nobody could look"
    DAY_OVER = "no entry after somebody else has ended the day"
    LEFT_ONCE = "what is left has its stop once"
    SCOPE = "nothing is sent for another contract"
    EXPOSURE = "what others hold elsewhere is not our exposure"
    MONEY_OF_ALL = "no entry once the account has lost the daily limit"
    IGNORED = "a day without the strangers that are ignored is the same day"
    REPLAY = "a replay gives the same commands"


class Violation(Exception):
    """An invariant is broken: which one, and by what."""

    def __init__(self, invariant: Invariant, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
