from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from workers.adapters.git import GitLedger, GitSource, Mirror
from workers.contract.signatures import SigningKey

from .people import People


def new_key() -> SigningKey:
    private = Ed25519PrivateKey.generate()
    return SigningKey.load(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return new_key()


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


@pytest.fixture
def mirror(tmp_path: Path, people: People) -> Mirror:
    return Mirror(tmp_path / "mirror.git", str(people.remote))


@pytest.fixture
def ledger(mirror: Mirror, key: SigningKey) -> GitLedger:
    return GitLedger(mirror, key)


@pytest.fixture
def source(mirror: Mirror, tmp_path: Path) -> GitSource:
    return GitSource(mirror, tmp_path / "store")


@pytest.fixture
def allowed(tmp_path: Path, key: SigningKey) -> Path:
    """The file by which stock Git knows the writer."""
    place = tmp_path / "allowed_signers"
    place.write_text(f'writer@towpath namespaces="git" {key.public}\n')
    return place
