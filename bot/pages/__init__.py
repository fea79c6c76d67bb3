"""The bot's few web pages: is it well, and the record of one promotion for who holds a signed link."""
