"""The language: what people type becomes a request, or a clear answer why not. Pure; it decides nothing.

normalise(text) -> str                                   what Slack sent, as plain text of one spelling
depends_on_when(text) -> bool                            whether its meaning may depend on the moment, which `Vocabulary` then needs
redact(text) -> str                                      the text without secrets
read(text, vocabulary) -> Sentence | NotUnderstood       a text addressed to us, as Slack sent it (or as a button carries it)
read_reply(text, vocabulary) -> Sentence | None          a plain reply in a thread, as Slack sent it; None: silence
write(request) -> str                                    the sentence that a request is, ready for the value of a button
"""

from bot.grammar.normal import normalise, without_mention
from bot.grammar.reading import read
from bot.grammar.replies import read_reply
from bot.grammar.sentences import LONGEST, NotUnderstood, Sentence, Vocabulary
from bot.grammar.times import Moment, depends_on_when
from bot.grammar.writing import write
from workers.contract.promotion import Kind
from workers.contract.redaction import redact

__all__ = [
    "LONGEST", "Kind", "Moment", "NotUnderstood", "Sentence", "Vocabulary",
    "depends_on_when", "normalise", "read", "read_reply", "redact", "without_mention", "write",
]  # fmt: skip
