"""What the library does where open files or threads run out: it refuses with resources_exhausted, and the process lives.

Each case runs in a child of its own that lowers its limits before it loads the library; a coordinator waits in this process.
"""
import base64
import ctypes
import hashlib
import hmac
import http.server
import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
import unittest

LIBRARY = os.path.abspath(sys.argv[1])
STRANGER = 61843  # a user that nobody is: the kernel counts threads by user
SECRET = b"secret"


# ---- In the child --------------------------------------------------------------------------------------------------------

def child(kind, room, coordinator):
    """Joins until it is refused, tells what happened, leaves, and joins once more."""
    sys.argv = [sys.argv[0], LIBRARY]
    from python_host import Plugin, load
    if kind == "threads" and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(STRANGER, STRANGER, STRANGER)
        os.setresuid(STRANGER, STRANGER, STRANGER)
    limit(kind, room)
    plugin = Plugin(load())
    started = plugin.call("sfu.start", {"edge_name": "sfu-1", "token_secret": SECRET.decode()})
    outcome = {"sfu": outcome_of(started), "before": plugin.call("rtc.tables")[1].get("payload")}
    if outcome["sfu"] == "ok":
        coordinator += "?sfu=" + started[1]["payload"]["url"].split("/")[2]
    sessions = []
    outcome["joins"] = []
    for i in range(int(os.environ["JOINS"])):
        answer = join(plugin, coordinator, i)
        outcome["joins"].append(outcome_of(answer))
        if outcome["joins"][-1] == "ok":
            sessions.append(answer[1]["payload"]["session"])
            mix(plugin, sessions[-1])
    outcome["tables"] = plugin.call("rtc.tables")[1]["payload"]
    for session in sessions:
        plugin.call("rtc.leave", {"session": session})
    if sessions:
        outcome["again"] = again(plugin, coordinator)
    outcome["shutdown"] = plugin.shutdown()
    print(json.dumps(outcome))


def flooded(room, coordinator):
    """An SFU of which others hold as many connections as it takes, and then none."""
    sys.argv = [sys.argv[0], LIBRARY]
    from python_host import Plugin, load
    limit("files", room)
    plugin = Plugin(load())
    address = plugin.call("sfu.start", {"edge_name": "sfu-1", "token_secret": SECRET.decode()})[1]["payload"]["url"].split("/")[2]
    print(address, flush=True)
    sys.stdin.readline()
    began, cpu = time.monotonic(), time.process_time()
    while time.monotonic() < began + 1:  # what it costs while nothing happens
        time.sleep(0.1)
    cpu = time.process_time() - cpu
    print(json.dumps({"tables": plugin.call("rtc.tables")[1]["payload"], "cpu": cpu}), flush=True)
    sys.stdin.readline()
    print(json.dumps({"join": again(plugin, coordinator + "?sfu=" + address), "shutdown": plugin.shutdown()}), flush=True)


def limit(kind, room):
    if kind == "files":
        resource.setrlimit(resource.RLIMIT_NOFILE, (room, room))
    else:
        resource.setrlimit(resource.RLIMIT_NPROC, (threads_of_user() + room,) * 2)


def threads_of_user():
    count = 0
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{entry}/task"))
        except OSError:
            pass  # it has just ended
    return count


def again(plugin, coordinator):
    """What was closed counts for a moment longer."""
    deadline = time.monotonic() + 20
    while True:
        outcome = outcome_of(join(plugin, coordinator, 1000))
        if outcome == "ok" or time.monotonic() > deadline:
            return outcome
        time.sleep(0.05)


def join(plugin, coordinator, i):
    return plugin.call("rtc.join", {
        "coordinator_url": coordinator.split("?")[0] + "/" + coordinator.split("sfu=")[-1], "api_key": "k", "token": "t",
        "call_type": "default", "call_id": "demo", "user": {"id": f"user-{i}"}})


def mix(plugin, session):
    """Work in C, on threads of its own."""
    plugin.call("rtc.mix.open", {"session": session, "format": "s16le", "rate": 16000})
    plugin.call("rtc.publish.open", {"session": session, "name": "speech", "format": "s16le"})


def outcome_of(answer):
    code, envelope = answer
    return "ok" if code == 0 else envelope["error_details"]["kind"]


# ---- Here ----------------------------------------------------------------------------------------------------------------

class Coordinator(http.server.BaseHTTPRequestHandler):
    """Sends everybody to the SFU that the path names."""
    def do_POST(self):
        host, user = self.path.split("/")[1], re.search("user_id=([^&]*)", self.path)[1]
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"own_capabilities": ["send-audio"], "credentials": {
            "server": {"url": f"http://{host}/twirp", "ws_endpoint": f"ws://{host}/ws", "edge_name": "sfu-1"},
            "token": token(user)}}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


def token(user):
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    claims = {"user_id": user, "call_cid": "default:demo", "can_publish_audio": True}
    text = encode(b'{"alg":"HS256"}') + b"." + encode(json.dumps(claims).encode())
    return (text + b"." + encode(hmac.new(SECRET, text, hashlib.sha256).digest())).decode()


class Exhausted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Coordinator)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def run_child(self, kind, room, joins):
        done = subprocess.run(
            [sys.executable, __file__, LIBRARY, kind, str(room), f"http://127.0.0.1:{self.server.server_port}"],
            capture_output=True, text=True, timeout=300, env={**os.environ, "JOINS": str(joins)})
        self.assertEqual(0, done.returncode, f"{kind}, {room} left: the process died\n{done.stderr[-3000:]}")
        outcome = json.loads(done.stdout)
        self.assertTrue(outcome["shutdown"])
        # The SFU is in the same process, and may be the first of the two to find that there is not enough.
        self.assertLessEqual(set(outcome["joins"]), {"ok", "resources_exhausted", "sfu_full"}, outcome)
        return outcome

    def test_short_of_files_sessions_are_refused_and_those_there_are_live_on(self):
        for room in (64, 128):
            with self.subTest(room=room):
                outcome = self.run_child("files", room, 40)
                self.assertIn("resources_exhausted", outcome["joins"])
                self.assertIn("ok", outcome["joins"])
                tables = outcome["tables"]
                self.assertEqual((outcome["joins"].count("ok"), room), (tables["sessions"], tables["files_limit"]))
                self.assertLess(tables["files"], room)
                self.assertEqual("ok", outcome["again"], "once the others have left there is room again")

    def test_without_files_there_is_no_SFU_either(self):
        outcome = self.run_child("files", 24, 2)
        self.assertEqual("resources_exhausted", outcome["sfu"])
        self.assertEqual({"resources_exhausted"}, set(outcome["joins"]))

    def test_an_SFU_holds_half_of_the_files_at_most_and_rests_while_others_wait(self):
        with subprocess.Popen(
                [sys.executable, __file__, LIBRARY, "flood", "80", f"http://127.0.0.1:{self.server.server_port}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            watch = threading.Timer(120, process.kill)
            watch.start()
            host, port = process.stdout.readline().strip().split(":")
            idle = [socket.create_connection((host, int(port))) for _ in range(120)]
            print("", file=process.stdin, flush=True)
            flooded = json.loads(process.stdout.readline())
            self.assertLess(flooded["tables"]["files"], 80 / 2 + 20)
            self.assertLess(flooded["cpu"], 0.5)
            for connection in idle:
                connection.close()
            print("", file=process.stdin, flush=True)
            self.assertEqual({"join": "ok", "shutdown": True}, json.loads(process.stdout.readline()))
            watch.cancel()

    def test_short_of_threads_the_process_lives(self):
        for room in (6, 10, 16, 24, 48):
            with self.subTest(room=room):
                outcome = self.run_child("threads", room, 10)
                if room <= 16:
                    self.assertEqual({"resources_exhausted"}, set(outcome["joins"]))
                if room >= 48:
                    self.assertEqual("ok", outcome["joins"][0])


if __name__ == "__main__":
    if len(sys.argv) == 5:
        if sys.argv[2] == "flood":
            flooded(int(sys.argv[3]), sys.argv[4])
        else:
            child(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        sys.argv.pop(1)
        unittest.main(verbosity=2)
