"""What people do in the workspace, as Slack's own client lets them: speak, run commands, press, choose, fill in."""
