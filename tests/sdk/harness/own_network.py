"""A network of a journey's own, in which the server has a public address: newer SDKs fetch files from no other.

They send their key to such an address by TLS alone, hence the certificate.
"""

import shutil
import subprocess
import sys
from pathlib import Path

# One of AS112 (RFC 7535): public to whoever asks what it is, and this journey's alone in a network that leads nowhere.
ADDRESS = "192.31.196.1"
_PREPARE = f'ip link set lo up && ip address add {ADDRESS}/32 dev lo && exec "$@"'
_INSIDE = ["unshare", "--map-root-user", "--net", "sh", "-c", _PREPARE, "own-network"]


def can_be_made() -> bool:
    """Some machines let nobody but root make a network, or have no tools for it."""
    if not all(shutil.which(tool) for tool in ("unshare", "ip", "openssl")):
        return False
    return subprocess.run([*_INSIDE, "true"], check=False, capture_output=True, timeout=10).returncode == 0


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the address, which whoever trusts the file trusts, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = ["-subj", "/CN=journey", "-addext", f"subjectAltName=IP:{ADDRESS}"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, "-out", certificate, "-keyout", key]
    subprocess.run(made, check=True, capture_output=True, timeout=30)
    return certificate, key


def run(sdk, program: Path, results) -> None:
    """Has `program` go through one SDK's journey inside, and takes its steps as if they were made here."""
    results.journey = f"{sdk.name} in a network of its own"
    command = [*_INSIDE, sys.executable, str(program.resolve()), "--only", sdk.name, "--address", ADDRESS]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            results.accept_line(line.rstrip("\n"))
    if child.returncode and not any(failure.startswith(results.journey) for failure in results.failures):
        results.fail("the journey in a network of its own ends well", f"exit status {child.returncode}")
