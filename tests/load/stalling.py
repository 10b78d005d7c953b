"""A municipality on loopback that does not answer its first order before it is let."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Stalling(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.let, self.let_us = threading.Event(), 0
        self.batches: list[int] = []
        self.refuse: set[str] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def release(self) -> None:
        self.let_us = time.time_ns() // 1000
        self.let.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stalling

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        orders = body if isinstance(body, list) else [body]
        self.server.batches.append(len(orders))
        assert self.server.let.wait(60.0)
        results = [self._result(order["id"]) for order in orders]
        if all("id" in result for result in results):
            self._answer(202, {"ids": [order["id"] for order in orders]})
        elif isinstance(body, list):
            self._answer(202, {"results": results})
        else:
            self._answer(422, results[0]["problem"])

    def _result(self, order: str) -> dict[str, object]:
        if order in self.server.refuse:
            return {"problem": {"status": 422, "code": "no_money", "detail": "there is too little"}}
        return {"id": order}

    def do_GET(self) -> None:
        now = time.time_ns() // 1000
        stages = {stage: {"micros": now, "counter": 0} for stage in ("admitted", "committed", "credited")}
        self._answer(200, {"state": "credited", "stages": stages, "refusal": None})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return
