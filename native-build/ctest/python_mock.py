"""What the early binding's own tests expected of a mocked call, from Python over this library's plugin ABI."""
import ctypes
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import wave

LIBRARY = sys.argv.pop(1)
EVENT = 1
PATIENCE = 10  # seconds
# The numbers of Event's payload, which have not changed since.
RTC_PACKET, PARTICIPANT_JOINED, ERROR, JOINED, CALL_ENDED, LEFT = 1, 2, 4, 5, 6, 20


class FfiBuffer(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t), ("capacity", ctypes.c_size_t),
                ("error_code", ctypes.c_uint32)]


def load():
    library = ctypes.CDLL(LIBRARY)
    handle, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    for name, result, arguments in (
            ("plugin_create", handle, []),
            ("plugin_init", handle, [handle, text, size, ctypes.c_void_p]),
            ("plugin_call", FfiBuffer, [handle, text, text, size]),
            ("plugin_free_buffer", None, [ctypes.POINTER(FfiBuffer)]),
            ("plugin_shutdown", ctypes.c_bool, [handle]),
            ("rtc_poll", ctypes.c_int32, [handle, ctypes.c_void_p, size, ctypes.c_int32, ctypes.POINTER(size)])):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def fields(message):
    """The fields of a protobuf message, by number; the last of each."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            found[number] = varint()
        elif kind == 2:
            length = varint()
            found[number] = message[at:at + length]
            at += length
        else:
            width = {1: 8, 5: 4}[kind]
            found[number] = message[at:at + width]
            at += width
    return found


class MockedCall(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = load()
        cls.folder = tempfile.TemporaryDirectory()
        cls.wav = os.path.join(cls.folder.name, "speech.wav")
        cls.mp3 = os.path.join(cls.folder.name, "speech.mp3")
        with wave.open(cls.wav, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            frames = int(4.055 * 16000)
            file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i / 9))) for i in range(frames)))
        subprocess.run(["ffmpeg", "-v", "error", "-i", cls.wav, "-t", "3", cls.mp3], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.handle = self.library.plugin_init(self.library.plugin_create(), b"", 0, None)
        self.assertTrue(self.handle)
        self.addCleanup(self.library.plugin_shutdown, self.handle)

    def call(self, tag, request):
        payload = json.dumps(request).encode()
        buffer = self.library.plugin_call(self.handle, tag.encode(), payload, len(payload))
        answer = json.loads(ctypes.string_at(buffer.data, buffer.len))
        self.library.plugin_free_buffer(ctypes.byref(buffer))
        return answer

    def join(self, *participants):
        answer = self.call("rtc.join", {"call_type": "default", "call_id": "mock", "user": {"id": "python"},
                                        "mock": {"participants": list(participants)}})
        self.assertEqual("success", answer["status"], answer)
        return answer["payload"]["session"]

    def events(self, until):
        """Every event up to the first with the field, as pairs of payload number and payload."""
        buffer, got, deadline = ctypes.create_string_buffer(1 << 18), ctypes.c_size_t(), time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.assertEqual(0, self.library.rtc_poll(self.handle, buffer, len(buffer), 1000, ctypes.byref(got)))
            at = 0
            while at < got.value:
                size, kind = struct.unpack_from("<IB", buffer.raw, at)
                if kind == EVENT:
                    event = fields(buffer.raw[at + 16:at + 16 + size])
                    number = min(n for n in event if n < 100)
                    yield number, fields(event[number])
                    if number == until:
                        return
                at += 16 + (size + 7) // 8 * 8
        self.fail(f"no event {until} within {PATIENCE} s")

    def pcm(self, packet):
        audio = fields(packet[2])
        pcm = fields(audio[1])
        return len(pcm[1]) // 2, pcm.get(2, 0), pcm[3], pcm[4]

    def play(self, path):
        self.join({"user_id": "mock-user", "name": "Mock", "audio": {"audio_file_path": path, "realtime_clock": False}})
        events = list(self.events(LEFT))
        self.assertEqual([JOINED, PARTICIPANT_JOINED], [number for number, _ in events[:2]])
        self.assertEqual(b"mock-user", events[1][1][1])
        self.assertEqual([CALL_ENDED, LEFT], [number for number, _ in events[-2:]])
        return [self.pcm(payload) for number, payload in events if number == RTC_PACKET]

    def check(self, packets, expected, tolerance):
        self.assertLessEqual(abs(len(packets) / expected - 1), tolerance, f"{len(packets)} packets")
        near = [samples for samples, _, _, _ in packets if abs(samples / 960 - 1) <= 0.2]
        self.assertGreaterEqual(len(near), 0.8 * len(packets))
        self.assertLessEqual(abs(sum(near) / len(near) / 960 - 1), 0.3)
        self.assertEqual({48000}, {rate for _, _, _, rate in packets})
        self.assertEqual({(2, 1)}, {(form, channels) for _, form, channels, _ in packets})  # 16 bits, mono

    def test_wav(self):
        self.check(self.play(self.wav), 202, 0.2)

    def test_mp3(self):
        self.check(self.play(self.mp3), 150, 0.3)

    def test_participants_without_audio_join_and_nobody_plays(self):
        session = self.join({"user_id": "first"}, {"user_id": "second", "audio": {"audio_file_path": "/nowhere.wav"}})
        seen = list(self.events(ERROR))
        self.assertEqual([JOINED, PARTICIPANT_JOINED, PARTICIPANT_JOINED, ERROR], [number for number, _ in seen])
        self.assertEqual("success", self.call("rtc.leave", {"session": session})["status"])
        self.assertEqual([LEFT], [number for number, _ in self.events(LEFT)])

    def test_stopping_falls_silent_at_once(self):
        session = self.join({"user_id": "mock-user", "audio": {"audio_file_path": self.wav, "realtime_clock": True}})
        for number, _ in self.events(RTC_PACKET):
            pass
        self.call("rtc.leave", {"session": session})
        packets = sum(number == RTC_PACKET for number, _ in self.events(LEFT))
        self.assertLess(packets, 100)
        self.assertEqual("error", self.call("rtc.leave", {"session": session})["status"])

    def test_join_that_fails_says_why(self):
        answer = self.call("rtc.join", {"coordinator_url": "http://127.0.0.1:1", "api_key": "bad", "token": "bad",
                                        "call_type": "default", "call_id": "x", "user": {"id": "python"}, "timeout_ms": 3000})
        self.assertEqual("error", answer["status"])
        self.assertIn(answer["error_details"]["kind"], ("coordinator_unreachable", "deadline_exceeded"))


if __name__ == "__main__":
    unittest.main()
