"""The node port met by strangers and by a process gone bad: each is refused and counted, the ledger stays as it was."""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from globelet.scenarios.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.local_only]

VICTIM, PEER = "tokyo", "paris"
DELIVER = "/globelet.transport.v1.Transport/Deliver"


class Port:
    """Tokyo's node port, the certificates of the world, and what Tokyo counts."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        world = World(engine, 1, f"node port {engine.now_us()}")
        self.account = world.account(VICTIM, balance=7)
        world.settle(timeout=30.0)
        process = next(p for p in engine.world.processes if p.name == VICTIM)
        self.address = (process.host, process.node_port)
        self.pid = {p.name: p.pid for p in engine.status().processes}[VICTIM]
        self.folder = engine.state / "secrets" / "tls"

    def dial(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10.0)

    def tls(self, certificate: str | None = PEER) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        context.set_alpn_protocols(["h2"])
        if certificate is not None:
            context.load_cert_chain(self.folder / f"{certificate}.crt", self.folder / f"{certificate}.key")
        return context

    def refused(self, reason: str) -> int:
        for line in httpx.get(f"{self.engine.hall(VICTIM).url}/metrics", trust_env=False).text.splitlines():
            if line.startswith(f'globelet_frames_refused_total{{reason="{reason}"}}'):
                return int(line.rsplit(" ", 1)[1])
        return 0

    def money(self) -> Any:
        ledger = self.engine.hall(VICTIM).ledger()
        return self.account.balance, [(r["supply"], r["balances"], r["head"]) for r in ledger["replicas"]]

    def expect(self, reason: str, attack: Callable[[], None]) -> None:
        """The attack raises the count of `reason`; the process lives on and its books are untouched."""
        count, money = self.refused(reason), self.money()
        attack()
        counted = self.engine.wait_until(lambda: self.refused(reason) > count, 20.0)
        assert counted, f"nothing was counted as {reason}"
        assert {p.name: p.pid for p in self.engine.status().processes}[VICTIM] == self.pid
        assert self.money() == money


@pytest.fixture(scope="module")
def port(engine) -> Port:
    return Port(engine)


def said(port: Port) -> str:
    return (port.engine.state / "logs" / f"{VICTIM}.log").read_text()


# Before the handshake


def raw(port: Port, payload: bytes) -> Callable[[], None]:
    def attack() -> None:
        with port.dial() as connection, contextlib.suppress(OSError):
            connection.sendall(payload)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)

    return attack


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 4096,
        b"\xff" * 65_536,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        # A TLS record that promises 16 KiB and ends after a byte; the head of a client hello, cut off.
        b"\x16\x03\x01\x40\x00\x01",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["nothing", "http", "zeros", "ones", "plain http/2", "endless record", "half a hello"],
)
def test_what_is_no_handshake_is_turned_away(port, payload):
    port.expect("handshake", raw(port, payload))


def shake(port: Port, context: ssl.SSLContext) -> Callable[[], None]:
    def attack() -> None:
        # TLS 1.3 lets the client finish first: the alarm comes with the first read at the latest.
        with (
            contextlib.suppress(OSError),
            port.dial() as plain,
            context.wrap_socket(plain, server_hostname=VICTIM) as s,
        ):
            s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            s.recv(1)

    return attack


def test_without_a_certificate_nobody_comes_in(port):
    port.expect("no_certificate", shake(port, port.tls(None)))


def test_a_certificate_of_another_authority_counts_for_nothing(port, tmp_path):
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, PEER)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(PEER)]), critical=False)
    (tmp_path / "crt").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = port.tls(None)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    port.expect("foreign_certificate", shake(port, context))
    assert "from secrets/tls" in said(port) or "only processes of the world" in said(port)


def test_a_crowd_at_the_door_keeps_nobody_out(port):
    """Many half-open connections at once: an honest process still gets in, and the log does not fill."""
    before, crowd = port.refused("handshake"), [port.dial() for _ in range(100)]
    try:
        with port.dial() as plain, port.tls().wrap_socket(plain, server_hostname=VICTIM) as honest:
            assert honest.selected_alpn_protocol() == "h2"
        lines = len(said(port).splitlines())
    finally:
        for connection in crowd:
            connection.close()
    assert port.engine.wait_until(lambda: port.refused("handshake") >= before + 100, 20.0)
    assert len(said(port).splitlines()) - lines < 10


# After it: a member whose key was stolen speaks HTTP/2 and gRPC


def block(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: str, value: str) -> bytes:
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


DATA, HEADERS, SETTINGS, END_STREAM, END_HEADERS = 0, 1, 4, 1, 4
HEAD = b"".join(
    literal(*field)
    for field in [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", DELIVER),
        (":authority", VICTIM),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
)


def stream(port: Port, data: bytes, *, end: bool = False, greeting: bytes | None = None) -> Callable[[], None]:
    """Opens a Deliver stream as Paris and sends these bytes on it, in DATA frames of 16 KiB."""

    def attack() -> None:
        with port.dial() as plain, port.tls().wrap_socket(plain, server_hostname=VICTIM) as s:
            s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + block(SETTINGS, 0, 0, b""))
            s.sendall(greeting if greeting is not None else block(HEADERS, END_HEADERS, 1, HEAD))
            pieces = [data[i : i + 16_384] for i in range(0, len(data), 16_384)] or [b""]
            with contextlib.suppress(OSError):
                for number, piece in enumerate(pieces):
                    last = end and number == len(pieces) - 1
                    s.sendall(block(DATA, END_STREAM if last else 0, 1, piece))
                until = time.monotonic() + 3.0
                s.settimeout(0.2)
                while time.monotonic() < until:
                    with contextlib.suppress(TimeoutError):
                        # The refusal travels back as a gRPC status; then the stream is over.
                        if b"grpc-status" in (answer := s.recv(65_536)) or not answer:
                            return

    return attack


def grpc(message: bytes) -> bytes:
    return b"\x00" + struct.pack(">I", len(message)) + message


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def bundle(envelopes: bytes) -> bytes:
    return grpc(b"\x0a" + varint(len(envelopes)) + envelopes)


def envelope(sender: int, receivers: list[int], message: bytes) -> bytes:
    to = struct.pack("<I", len(receivers)) + b"".join(struct.pack("<H", r) for r in receivers)
    return struct.pack("<H", sender) + to + struct.pack("<I", len(message)) + message


def one(sender: int, receivers: list[int], message: bytes = b"\xff") -> bytes:
    return bundle(struct.pack("<I", 1) + envelope(sender, receivers, message))


def nodes(port: Port, process: str) -> list[int]:
    place = [p.name for p in port.engine.world.processes].index(process)
    return [i for i, node in enumerate(port.engine.world.nodes) if node.process == place]


HOSTILE = {
    "no protobuf": ("malformed", lambda p: grpc(b"\xff" * 40), False),
    "compressed without a codec": ("malformed", lambda p: b"\x01" + grpc(b"x")[1:], False),
    "a message cut short": ("malformed", lambda p: grpc(b"x" * 100)[:50], True),
    "a header cut short": ("malformed", lambda p: b"\x00\x00", True),
    "more than a frame may hold": ("too_large", lambda p: b"\x00\xff\xff\xff\xff", False),
    "just above the limit": ("too_large", lambda p: b"\x00" + struct.pack(">I", (32 << 20) + 2048), False),
    "no bundle": ("malformed", lambda p: bundle(b"\xff" * 64), False),
    "a count without envelopes": ("malformed", lambda p: bundle(struct.pack("<I", 2**32 - 1)), False),
    "bytes left over": ("malformed", lambda p: bundle(struct.pack("<I", 0) + b"more"), False),
    "no message": ("malformed", lambda p: one(nodes(p, PEER)[0], nodes(p, VICTIM)[:1]), False),
    "another's name": ("foreign_sender", lambda p: one(nodes(p, "osaka")[0], nodes(p, VICTIM)[:1]), False),
    "the victim's own name": ("foreign_sender", lambda p: one(nodes(p, VICTIM)[0], nodes(p, VICTIM)[1:2]), False),
    "a name nobody has": ("foreign_sender", lambda p: one(65_535, nodes(p, VICTIM)[:1]), False),
    "somebody else's letter": ("foreign_receiver", lambda p: one(nodes(p, PEER)[0], nodes(p, "osaka")[:1]), False),
    "one letter many times": (
        "too_many_receivers",
        lambda p: one(nodes(p, PEER)[0], nodes(p, VICTIM)[:1] * 20_000),
        False,
    ),
}


@pytest.mark.parametrize(("reason", "make", "end"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_frame_ends_its_stream_only(port, reason, make, end):
    port.expect(reason, stream(port, make(port), end=end))
    last = [line for line in said(port).splitlines() if f"a frame from process {PEER} was refused" in line][-1]
    assert ";" in last, f"no mend in: {last}"


@pytest.mark.parametrize(
    "greeting",
    [block(HEADERS, END_HEADERS, 1, b"\xff" * 32), block(9, 0, 7, b"?" * 64), b"\xff" * 200, block(3, 0, 0, b"")],
    ids=["no hpack", "continues nothing", "no frame", "resets nothing"],
)
def test_broken_http2_ends_its_connection_only(port, greeting):
    money = port.money()
    stream(port, b"", greeting=greeting)()
    assert {p.name: p.pid for p in port.engine.status().processes}[VICTIM] == port.pid
    assert port.money() == money


def test_after_all_that_money_still_moves(port):
    world = World(port.engine, 2, f"after {port.engine.now_us()}")
    alice, bob = world.account(VICTIM, balance=5), world.account(PEER)
    alice.send(bob, 5).wait("credited")
    assert (alice.balance, bob.balance) == (0, 5)
