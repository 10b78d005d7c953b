"""The open model, against real servers on loopback: latency counts from the intended time, whoever is late."""

import socket
import threading
from collections.abc import Iterator

import gevent
import pytest
from crowd import Crowd, Payer
from journey import Journey
from line import Line, LineBroken
from seats import Seat
from stalling import Stalling

pytestmark = pytest.mark.load
SEAT = Seat("Tokyo", "tokyo", 0, b"\1" * 32, b"\2" * 32)
COUNT, EVERY = 40, 0.005


@pytest.fixture
def server() -> Iterator[Stalling]:
    made = Stalling()
    yield made
    made.let.set()
    made.shutdown()


def journeys() -> list[Journey]:
    bodies = [(f"{number:064x}", number * EVERY) for number in range(COUNT)]
    return [Journey(due, SEAT, SEAT, name, f'{{"id":"{name}"}}'.encode(), 1, False) for name, due in bodies]


class Releasing(Payer):
    """Lets the server answer once everything was handed over."""

    def __init__(self, server: Stalling) -> None:
        super().__init__(SEAT, server.url, lambda: None)
        self._server, self._handed_over = server, 0

    def push(self, journey: Journey) -> None:
        super().push(journey)
        self._handed_over += 1
        if self._handed_over == COUNT:
            self._server.release()


def play(server: Stalling, orders: list[Journey]) -> tuple[Crowd, list[tuple[str, str]]]:
    """Plays them while the server stalls until the last one was handed over."""
    told: list[tuple[str, str]] = []
    payer = Releasing(server)
    crowd = Crowd([payer], {"tokyo": server.url}, lambda journey, what: told.append((journey.id, what)))

    def be_the_user() -> None:
        while True:
            crowd.turn(payer)

    user = gevent.spawn(be_the_user)
    try:
        crowd.play(orders, settle=60.0)
    finally:
        user.kill()
    return crowd, told


def test_a_stall_is_charged_to_everything_that_was_due_meanwhile(server):
    orders = journeys()
    crowd, told = play(server, orders)
    assert [j.intended_us for j in orders] == [crowd.start_us + int(j.due * 1e6) for j in orders]
    # Nobody was answered before the server was let; the first was due the longest before that.
    assert all(j.admitted_us >= server.let_us for j in orders)
    waits = [j.after_ms(j.admitted_us) for j in orders]
    assert all(wait >= (server.let_us - j.intended_us) / 1000 for wait, j in zip(waits, orders, strict=True))
    assert waits[0] >= (COUNT - 1) * EVERY * 1000
    # A generator that waits for answers before it goes on would have sent them one by one.
    assert server.batches[0] < COUNT
    assert sum(server.batches) == COUNT
    assert len(server.batches) == 2
    assert {j.end for j in orders} == {"credited"}
    assert all(float(str(j.row()[7])) >= float(str(j.row()[5])) for j in orders), "credited is not before admitted"
    assert sorted(told) == sorted((j.id, what) for j in orders for what in ("admitted", "end"))


def test_a_refusal_has_its_code_and_the_others_go_on(server):
    orders = journeys()
    server.refuse = {orders[3].id, orders[7].id}
    play(server, orders)
    refused = [j for j in orders if j.end == "refused"]
    assert [(j.id, j.problem) for j in refused] == [(orders[n].id, "no_money") for n in (3, 7)]
    assert refused[0].row()[-2:] == ["refused", "no_money"]
    assert sum(j.end == "credited" for j in orders) == COUNT - 2


def test_who_never_answers_leaves_transfers_unfinished():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        payer = Payer(SEAT, url, lambda: None)
        crowd = Crowd([payer], {"tokyo": url}, lambda journey, what: None)
        user = gevent.spawn(crowd.turn, payer)
        crowd.play(journeys()[:2], settle=0.05)
        user.kill()
    assert [j.row()[-2] for j in crowd.journeys] == ["unfinished"] * 2
    assert [j.row()[5] for j in crowd.journeys] == ["", ""]


def served(pieces: list[bytes]) -> str:
    """A server that answers one connection with these pieces, each in a segment of its own, and closes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with server, connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}"


CHUNKS = [
    b'event: stage\ndata: {"stage":"held","micros":7}\n\n',
    b":\n\n",
    b'event: stage\ndata: {"stage":"x","m":8}\n\n',
    b"",
]
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM += b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in CHUNKS)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_streams_are_read_however_they_are_cut(size):
    line = Line(served([STREAM[at : at + size] for at in range(0, len(STREAM), size)]))
    assert list(line.events("/v1/transfers/0/events")) == [{"stage": "held", "micros": 7}, {"stage": "x", "m": 8}]


def test_pipelined_answers_come_in_order():
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(x), x) for x in (b"a", b"bb", b"")]
    line = Line(served([b"".join(answers)]))
    assert line.get(["/1", "/2", "/3"]) == [(200, b"a"), (200, b"bb"), (200, b"")]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-nonsense\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_answer_breaks_the_line(answer):
    with pytest.raises(LineBroken):
        Line(served([answer])).get(["/"])


def test_a_stream_that_is_none_breaks_the_line():
    url = served([b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"])
    with pytest.raises(LineBroken, match="404"):
        list(Line(url).events("/"))
