"""What a program printed is shown without secrets: those that we know, and those that look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract.redaction import redact_output

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabcdefghijklmnop\n-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-1234567890-abcdef", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "github_pat_11ABCDEFG0123456789_abc", "glpat-abcdefghij1234567890",
        "AKIAIOSFODNN7EXAMPLE", "https://user:hunter2@example.org/x", PEM,
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_struck_out(secret: str) -> None:
    shown = redact_output(f"before {secret} after", ())
    assert secret not in shown and "MIIE" not in shown and "hunter2" not in shown
    assert shown.startswith("before ") and shown.endswith(" after")


def test_the_rest_of_a_key_whose_beginning_was_cut_off_is_struck_out() -> None:
    assert redact_output(PEM[40:] + "after", ()) == "[secret removed]\nafter"
    assert redact_output("plain\n" + PEM + "after", ()) == "plain\n[secret removed]\nafter"


def test_a_known_secret_of_several_lines_is_known_by_each() -> None:
    known = "first line that is long\nsecond line that is long\nx\n"
    assert redact_output("so: second line that is long, x", [known]) == "so: ***, x"


@given(st.text(min_size=6).filter(lambda one: len(one.strip()) >= 6), st.text(), st.text())
def test_no_known_secret_is_left(secret: str, before: str, after: str) -> None:
    assert secret.strip() not in redact_output(before + secret + after, [secret]) or secret.strip() in "[secret removed]***"


@given(st.text())
def test_what_is_short_is_left_alone(text: str) -> None:
    assert redact_output(text, ["", "a", "12345"]) == redact_output(text, ())
