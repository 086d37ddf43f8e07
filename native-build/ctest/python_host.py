"""A host in Python, as the plugin ABI's own Python loader is: ctypes, the ten symbols every loader uses, logs, errors."""
import ctypes
import json
import struct
import sys
import threading
import unittest

LIBRARY = sys.argv.pop(1)


class FfiBuffer(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t), ("capacity", ctypes.c_size_t),
                ("error_code", ctypes.c_uint32)]


class RbResponse(ctypes.Structure):
    _fields_ = [("error_code", ctypes.c_uint32), ("len", ctypes.c_uint32), ("capacity", ctypes.c_uint32),
                ("data", ctypes.c_void_p)]


LogCallback = ctypes.CFUNCTYPE(None, ctypes.c_uint8, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)


def load():
    library = ctypes.CDLL(LIBRARY)
    handle, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    for name, result, arguments in (
            ("plugin_create", handle, []),
            ("plugin_init", handle, [handle, text, size, ctypes.c_void_p]),
            ("plugin_call", FfiBuffer, [handle, text, text, size]),
            ("plugin_call_raw", RbResponse, [handle, ctypes.c_uint32, text, size]),
            ("plugin_free_buffer", None, [ctypes.POINTER(FfiBuffer)]),
            ("rb_response_free", None, [ctypes.POINTER(RbResponse)]),
            ("plugin_shutdown", ctypes.c_bool, [handle]),
            ("plugin_set_log_level", None, [handle, ctypes.c_uint8]),
            ("plugin_get_state", ctypes.c_uint8, [handle]),
            ("plugin_get_rejected_count", ctypes.c_uint64, [handle])):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.rtc_live_allocations.restype = ctypes.c_uint64
    library.rtc_last_error.restype = ctypes.c_char_p
    return library


class Plugin:
    def __init__(self, library, config=None, log=None):
        self.library = library
        self.lines = []
        self.callback = LogCallback(self._log) if log else None
        document = b"" if config is None else json.dumps(config).encode()
        self.handle = library.plugin_init(library.plugin_create(), document, len(document),
                                          ctypes.cast(self.callback, ctypes.c_void_p) if log else None)
        if not self.handle:
            raise RuntimeError(library.rtc_last_error().decode())

    def _log(self, level, target, message, size):
        assert len(message) == size  # ctypes reads to the first NUL
        self.lines.append((level, target.decode(), message.decode()))

    def call(self, tag, request=None):
        payload = b"" if request is None else json.dumps(request, ensure_ascii=False).encode()
        buffer = self.library.plugin_call(self.handle, tag.encode(), payload, len(payload))
        text = ctypes.string_at(buffer.data, buffer.len).decode()
        self.library.plugin_free_buffer(ctypes.byref(buffer))
        return buffer.error_code or json.loads(text).get("error_code", 0), json.loads(text)

    def raw(self, message_id, request):
        response = self.library.plugin_call_raw(self.handle, message_id, request, len(request))
        code, data = response.error_code, ctypes.string_at(response.data, response.len)
        self.library.rb_response_free(ctypes.byref(response))
        return code, data

    def shutdown(self):
        return self.library.plugin_shutdown(self.handle)


class PythonHost(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = load()

    def tearDown(self):
        self.assertEqual(0, self.library.rtc_live_allocations())

    def start(self, *arguments, **named):
        plugin = Plugin(self.library, *arguments, **named)
        self.addCleanup(plugin.shutdown)
        return plugin

    def test_layouts_are_those_of_the_abi(self):
        self.assertEqual((32, 24), (ctypes.sizeof(FfiBuffer), ctypes.sizeof(RbResponse)))

    def test_call_answers_an_envelope(self):
        code, answer = self.start().call("echo", {"message": "Grüße 🎤"})
        self.assertEqual(0, code)
        self.assertEqual({"status": "success", "payload": {"message": "Grüße 🎤", "length": 12}}, answer)

    def test_errors_carry_code_message_and_kind(self):
        plugin = self.start()
        code, answer = plugin.call("nothing.like.this", {})
        self.assertEqual(6, code)
        self.assertEqual("error", answer["status"])
        self.assertEqual("unknown message type: nothing.like.this", answer["error_message"])
        code, answer = plugin.call("echo", {"message": 5})
        self.assertEqual(5, code)
        self.assertEqual("invalid_argument", answer["error_details"]["kind"])

    def test_raw_messages(self):
        plugin = self.start()
        self.assertEqual((6, b"Unknown message ID: 9\0"), plugin.raw(9, b""))
        code, text = plugin.raw(1, struct.pack("<B7xQ", 1, 12345) + b"media")
        self.assertEqual((7, b"handler error: no such source\0"), (code, text))

    def test_state_and_shutdown(self):
        plugin = Plugin(self.library)
        self.assertEqual(2, self.library.plugin_get_state(plugin.handle))
        self.assertTrue(plugin.shutdown())
        self.assertFalse(plugin.shutdown())
        self.assertEqual(255, self.library.plugin_get_state(plugin.handle))
        buffer = self.library.plugin_call(plugin.handle, b"echo", b"{}", 2)
        self.assertEqual((1, b"Invalid handle"), (buffer.error_code, ctypes.string_at(buffer.data, buffer.len)))
        self.library.plugin_free_buffer(ctypes.byref(buffer))

    def test_bad_configuration_is_refused_with_a_reason(self):
        with self.assertRaisesRegex(RuntimeError, "configuration error"):
            Plugin(self.library, {"max_concurrent_ops": -1})

    def test_log_lines_arrive(self):
        plugin = Plugin(self.library, {"log_level": "trace"}, log=True)
        self.assertTrue(plugin.shutdown())  # delivers what is queued
        self.assertIn((2, "librtc", "started version=0.1.0"), plugin.lines)
        self.assertIn((2, "librtc", "stopping"), plugin.lines)
        silent = Plugin(self.library, {"log_level": "trace"}, log=True)
        self.library.plugin_set_log_level(silent.handle, 5)
        before = len(silent.lines)
        self.assertTrue(silent.shutdown())
        self.assertLessEqual(len(silent.lines) - before, 1)  # "started" may have been on its way

    def test_rejected_calls_are_counted(self):
        plugin = self.start({"max_concurrent_ops": 1})
        self.assertEqual(0, self.library.plugin_get_rejected_count(plugin.handle))
        outcomes = []

        def work():
            for _ in range(300):
                outcomes.append(plugin.call("echo", {"message": "x" * 20000})[0])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({0} | ({13} & set(outcomes)), set(outcomes))
        self.assertEqual(outcomes.count(13), self.library.plugin_get_rejected_count(plugin.handle))

    def test_instances_live_side_by_side(self):
        plugins = [self.start() for _ in range(8)]
        self.assertEqual(8, len({plugin.handle for plugin in plugins}))
        for number, plugin in enumerate(plugins):
            self.assertEqual(str(number), plugin.call("echo", {"message": str(number)})[1]["payload"]["message"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
