"""Block Kit as Slack checks it: a table of shapes, the small language it is written in (`rules`), and `check`."""
