"""What people see: outcomes, promotions and their events as Slack messages. Pure; it shows and decides nothing.

card(told, links, names) -> Post                    the one card of a promotion, an incident or a retraining, whatever its state
thread(told, event, links, names) -> Post | None    what the thread gets for one event; None: nothing
broadcast(event) -> bool                            whether that post also goes to the channel
answer(outcome, links, names) -> Post               everything else, for the eyes of the caller; no text: nothing
not_understood(found) -> Refused                    what the grammar did not understand, for `answer`
read_as(post, sentence) -> Post                     an answer with the sentence that a misspelt question was read as
with_share(post, question) -> Post                  an answer with a button that shows it to everybody, if can_be_shared(outcome)
shared(post, sentence, user, names) -> Post         that answer as everybody sees it
forms.reject(promotion_id), forms.details(moved)    modals; forms.approve_confirm(promotion) is the dialog of the button

`names` are display names by Slack user id. Who is in it is named without being notified; who is not is mentioned.

What can be pressed: `action_id` is a command's verb with underscores and `value` the whole typed sentence, escaped as Slack escapes what
people type. Exceptions: `reject_form` (`value`: the promotion id) opens a form; `choose` and `more` are menus whose selected option's value
is the sentence, or in `more` `details_form P-142`; `share` asks its sentence for everybody. A verb's second button in one message is `promote.2`.
"""

from bot.views import forms
from bot.views.answers import answer, not_understood, read_as
from bot.views.post import Block, Links, Names, Post
from bot.views.sharing import SHARE, can_be_shared, shared, with_share
from bot.views.stories import broadcast, card, thread

__all__ = [
    "SHARE", "Block", "Links", "Names", "Post",
    "answer", "broadcast", "can_be_shared", "card", "forms", "not_understood", "read_as", "shared", "thread", "with_share",
]  # fmt: skip
