"""What people see: outcomes, promotions and their events as Slack messages. Pure; it shows and decides nothing.

    card(moved, links, names) -> Post                        the one card of a promotion, whatever its state
    thread(moved, event, links, names) -> Post | None        what the thread gets for one event; None: nothing
    broadcast(event) -> bool                                 whether that post also goes to the channel
    answer(outcome, links, names) -> Post                    everything else, for the eyes of the caller
    not_understood(outcome), read_as(post, sentence)         for what the grammar says
    forms.reject(promotion_id), forms.approve_confirm(moved), forms.details(moved)      modals

Slack ids of what can be pressed: `action_id` is a command's verb with underscores and `value` the whole typed sentence, except
`reject_form` and `details_form` (`value`: a promotion id), `choose` and `more` (the selected option's value is the sentence; in `more` it may
be `details_form P-142`). Several buttons of one verb in a message are told apart by a number: `promote.2`.
"""
