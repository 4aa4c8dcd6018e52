"""Errors, split by what the reader of the error must do.

PxError
├─ Refused         the venue said no to this request; this order only
├─ Unavailable     nothing was sent; ask again later
├─ OutcomeUnknown  something was sent and the answer is lost; look before acting
├─ ProtocolError   the venue said something it should not; halt, keep the evidence
└─ Misconfigured   a person must act; the session does not start

Each is one line that acts on no screen, whoever's words it quotes: it becomes a state of Prefect's,
an alert, a line of a log.
"""

from pxcore.text.plain import plain


class PxError(Exception):
    """Base of every error that this program raises on purpose."""

    def __str__(self) -> str:
        return plain(super().__str__())


class Refused(PxError):
    """The venue understood the request and said no.

    `code` is the endpoint's own errorCode (numbers differ per endpoint), `code_name` its name,
    `text` the venue's message or None, `order_id` the row that a refused place can still leave,
    `remedy` what a person must change first, None where nothing is known to help.
    """

    def __init__(
        self,
        attempted: str,
        *,
        code: int,
        code_name: str,
        text: str | None = None,
        order_id: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.attempted = attempted
        self.code = code
        self.code_name = code_name
        self.text = text
        self.order_id = order_id
        self.remedy = remedy
        said = f": {text}" if text else ""
        advice = f" ({remedy})" if remedy else ""
        super().__init__(f"{attempted} refused with code {code} {code_name}{said}{advice}")


class Unavailable(PxError):
    """Nothing was sent, or a question went unanswered: asking again later does no harm."""


class OutcomeUnknown(PxError):
    """An instruction may have been taken and its answer is lost. Look for its tag; never resend."""


class ProtocolError(PxError):
    """The venue's answer cannot be what it should be. Halt and keep the evidence."""


class Misconfigured(PxError):
    """A person must act. `problems` holds every problem found, one sentence each."""

    def __init__(self, *problems: str) -> None:
        self.problems = tuple(map(plain, problems))
        super().__init__("; ".join(problems))
