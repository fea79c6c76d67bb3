"""Seeded faults: the real parts in real processes, stopped at every boundary, where chance may kill one of them or what they work with.

zygote      the process that all others are forked from, so that a new one costs milliseconds
boundaries  where a life stops and asks the scheduler whether it may go on
lives       what a forked process is: the changes lane, the effects lane, the bot, the model server
ground      one prepared installation, and the copy of it that a run has for itself
slack       the stand-in Slack in a thread, whose deliveries the scheduler hands out
stories     what people do, and how it may end
faults      what can go wrong, one row each
run         one seeded run: the scheduler
auditor     what must hold afterwards, looked at from outside
"""
