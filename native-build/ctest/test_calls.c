/* Calls: codes, shapes, sizes, bad arguments, limits, deadlines, threads. */
#include <pthread.h>
#include <unistd.h>

#include "host.h"

static void bad_handles_and_tags(void *handle) {
    void *bad[] = {NULL, (void *)1, (void *)4096, (void *)UINTPTR_MAX, (void *)((uintptr_t)handle + (1 << 16)),
                   (void *)((uintptr_t)handle + 1)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        answer a = host_call(bad[i], "test.sleep", "{}");
        CHECK_INT(a.code, RTC_INVALID_STATE);
        CHECK(strcmp(a.text, "Invalid handle") == 0);
        answer_free(&a);
        RbResponse raw = plugin_call_raw(bad[i], 1, NULL, 0);
        CHECK_INT(raw.error_code, RTC_INVALID_STATE);
        CHECK(strcmp((char *)raw.data, "Invalid handle") == 0);
        rb_response_free(&raw);
        CHECK_INT(plugin_get_state(bad[i]), RTC_STATE_INVALID);
        CHECK_INT(plugin_get_rejected_count(bad[i]), 0);
        CHECK(!plugin_shutdown(bad[i]));
        CHECK(!plugin_cancel_async(bad[i], 1));
        CHECK_INT(plugin_call_async(bad[i], "test.sleep", NULL, 0, NULL, NULL), 0);
        CHECK(strstr(rtc_last_error(), "Invalid handle") != NULL);
        plugin_set_log_level(bad[i], 0);
    }
    answer a = host_call(handle, NULL, "{}");
    CHECK_INT(a.code, RTC_CONFIG_ERROR);
    CHECK(strcmp(a.text, "Type tag is null") == 0);
    answer_free(&a);
    const char *malformed[] = {"\xff", "a\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "cut\xe2\x82"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        a = host_call(handle, malformed[i], "{}");
        CHECK_INT(a.code, RTC_CONFIG_ERROR);
        CHECK(strcmp(a.text, "Invalid type tag encoding") == 0);
        answer_free(&a);
    }
    char tag[400];
    memset(tag, 't', sizeof tag);
    tag[sizeof tag - 1] = 0;
    a = host_call(handle, tag, "{}");
    CHECK_INT(a.code, RTC_CONFIG_ERROR);
    answer_free(&a);
    a = host_call(handle, "no.such.command \xe2\x82\xac", "{}");
    CHECK_INT(a.code, RTC_UNKNOWN_MESSAGE_TYPE);
    CHECK(answer_has(&a, "\"status\":\"error\"") && answer_has(&a, "\"error_code\":6") &&
          answer_has(&a, "unknown message type: no.such.command \xe2\x82\xac"));
    answer_free(&a);
    FfiBuffer buffer = plugin_call(handle, "test.sleep", NULL, 10);
    CHECK_INT(buffer.error_code, RTC_SERIALIZATION_ERROR);
    plugin_free_buffer(&buffer);
    buffer = plugin_call(handle, "test.sleep", (const uint8_t *)"", SIZE_MAX);
    CHECK_INT(buffer.error_code, RTC_SERIALIZATION_ERROR);
    plugin_free_buffer(&buffer);
    plugin_free_buffer(NULL);
    rb_response_free(NULL);
}

static void echoes(void *handle) {
    answer a = host_call(handle, "echo", "{\"message\":\"h\xc3\xa9llo \xf0\x9f\x8e\xa4 <&>\"}");
    CHECK_INT(a.code, RTC_SUCCESS);
    CHECK(strcmp(a.text, "{\"status\":\"success\",\"payload\":{\"message\":\"h\xc3\xa9llo \xf0\x9f\x8e\xa4 <&>\","
                         "\"length\":15}}") == 0);
    answer_free(&a);

    enum { MEGABYTE = 1 << 20 };
    char *request = malloc(MEGABYTE + 32);
    char *expected = malloc(MEGABYTE + 96);
    int head = sprintf(request, "{\"message\":\"");
    memset(request + head, 'x', MEGABYTE);
    strcpy(request + head + MEGABYTE, "\"}");
    int size = sprintf(expected, "{\"status\":\"success\",\"payload\":{\"message\":\"");
    memset(expected + size, 'x', MEGABYTE);
    sprintf(expected + size + MEGABYTE, "\",\"length\":%d}}", MEGABYTE);
    a = host_call(handle, "echo", request);
    CHECK_INT(a.code, RTC_SUCCESS);
    CHECK(strcmp(a.text, expected) == 0);
    answer_free(&a);
    free(request);
    free(expected);

    static const struct { const char *request, *message; } malformed[] = {
        {"{\"message\":1}", "message must be string, not number"},
        {"{\"massage\":\"\"}", "unknown field"},
        {"{\"message\":\"", "not valid JSON"},
        {"{} {}", "goes on after its JSON object"},
        {"[]", "must be a JSON object, not array"},
        {"{\"message\":\"\xff\"}", "not UTF-8"},
        {"nonsense", "not valid JSON"},
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        a = host_call(handle, "echo", malformed[i].request);
        CHECK_INT(a.code, RTC_SERIALIZATION_ERROR);
        CHECK(answer_has(&a, "\"error_details\":{\"kind\":\"invalid_argument\"}") &&
              answer_has(&a, malformed[i].message));
        answer_free(&a);
    }
    a = host_call(handle, "echo", NULL); /* an empty request is an empty object */
    CHECK_INT(a.code, RTC_SUCCESS);
    answer_free(&a);
}

/* The limit counts calls of every kind and refuses at once. */
static void limit(void) {
    void *handle = host_start("{\"max_concurrent_ops\":4}");
    for (int i = 0; i < 4; i++)
        CHECK(plugin_call_async(handle, "test.sleep", (const uint8_t *)"{\"ms\":60000}", 12, NULL, NULL) != 0);
    answer a = host_call(handle, "test.sleep", "{}");
    CHECK_INT(a.code, RTC_TOO_MANY_REQUESTS);
    CHECK(answer_has(&a, "too many concurrent requests (limit exceeded)"));
    answer_free(&a);
    CHECK_INT(plugin_get_rejected_count(handle), 1);
    RbResponse raw = plugin_call_raw(handle, 1, NULL, 0);
    CHECK_INT(raw.error_code, RTC_TOO_MANY_REQUESTS);
    rb_response_free(&raw);
    CHECK_INT(plugin_get_rejected_count(handle), 2);
    CHECK_INT(plugin_call_async(handle, "test.sleep", NULL, 0, NULL, NULL), 0);
    CHECK(strstr(rtc_last_error(), "13: ") == rtc_last_error());
    CHECK_INT(plugin_get_rejected_count(handle), 3);
    host_stop(handle); /* cancels what runs */
    static records r;
    bool ended;
    for (int i = 0; i < 4; i++) CHECK_INT(record_next(handle, &r, 10000, &ended)->kind, RTC_RECORD_COMPLETION);
}

/* Many large requests cannot fill the memory, whatever the limit of their number. */
static void large_requests(void) {
    enum { LARGEST = 64 << 20 };
    void *handle = host_start("{\"max_concurrent_ops\":0}");
    uint8_t *request = malloc(LARGEST);
    memset(request, ' ', LARGEST);
    memcpy(request, "{\"ms\":60000}", 12);
    for (int i = 0; i < 3; i++) CHECK(plugin_call_async(handle, "test.sleep", request, LARGEST, NULL, NULL) != 0);
    CHECK_INT(plugin_call_async(handle, "test.sleep", request, LARGEST, NULL, NULL), 0);
    CHECK(strstr(rtc_last_error(), "13: ") == rtc_last_error());
    CHECK_INT(plugin_get_rejected_count(handle), 1);
    FfiBuffer buffer = plugin_call(handle, "test.sleep", request, LARGEST + 1);
    CHECK_INT(buffer.error_code, RTC_SERIALIZATION_ERROR);
    plugin_free_buffer(&buffer);
    free(request);
    host_do(handle, "test.sleep", "{}");
    host_stop(handle);
    static records r;
    bool ended;
    for (int i = 0; i < 3; i++) CHECK_INT(record_next(handle, &r, 10000, &ended)->kind, RTC_RECORD_COMPLETION);
}

static void deadline(void) {
    void *handle = host_start("{\"data\":{\"call_timeout_ms\":100}}");
    double start = seconds();
    answer a = host_call(handle, "test.stubborn", "{\"ms\":400}");
    double took = seconds() - start;
    CHECK_INT(a.code, RTC_TIMEOUT);
    CHECK(answer_has(&a, "\"kind\":\"deadline_exceeded\""));
    CHECK(took >= 0.099 && took < 0.39);
    answer_free(&a);
    a = host_call(handle, "test.sleep", "{\"ms\":10000}"); /* gives up when its caller does */
    CHECK_INT(a.code, RTC_TIMEOUT);
    answer_free(&a);
    /* Late answers are thrown away and their permits come back. */
    double until = seconds() + 10;
    while (seconds() < until && host_number(handle, "requests", "rtc.tables", "{}") > 0) usleep(5000);
    CHECK_INT(host_number(handle, "requests", "rtc.tables", "{}"), 0);
    host_stop(handle);
}

static void *many_calls(void *handle) {
    for (int i = 0; i < 3000; i++) {
        answer a = host_call(handle, "test.sleep", "{\"ms\":0}");
        CHECK_INT(a.code, RTC_SUCCESS);
        answer_free(&a);
    }
    return NULL;
}

static void threads(void *handle) {
    pthread_t workers[8];
    for (int i = 0; i < 8; i++) CHECK(pthread_create(&workers[i], NULL, many_calls, handle) == 0);
    for (int i = 0; i < 8; i++) pthread_join(workers[i], NULL);
}

static void raw(void *handle) {
    static const struct { uint32_t id; uint8_t bytes[20]; size_t size; uint32_t code; const char *text; } refused[] = {
        {0, {0}, 0, RTC_UNKNOWN_MESSAGE_TYPE, "Unknown message ID: 0"},
        {77, {1}, 20, RTC_UNKNOWN_MESSAGE_TYPE, "Unknown message ID: 77"},
        {1, {1}, 15, RTC_HANDLER_ERROR, "handler error: request is shorter than 16 bytes"},
        {1, {2}, 20, RTC_HANDLER_ERROR, "handler error: unknown version of the request"},
        {1, {1}, 20, RTC_HANDLER_ERROR, "handler error: no such source"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        RbResponse response = plugin_call_raw(handle, refused[i].id, refused[i].bytes, refused[i].size);
        CHECK_INT(response.error_code, refused[i].code);
        CHECK(strcmp((char *)response.data, refused[i].text) == 0);
        CHECK_INT(response.len, strlen(refused[i].text) + 1);
        CHECK(response.capacity >= response.len);
        rb_response_free(&response);
        CHECK(response.data == NULL);
        rb_response_free(&response);
    }
    uint64_t source = host_number(handle, "source", "test.source.open", "{\"capacity\":4096}");
    uint8_t message[16 + 5] = {1};
    memcpy(message + 8, &source, sizeof source);
    memcpy(message + 16, "media", 5);
    RbResponse response = plugin_call_raw(handle, 1, message, sizeof message);
    CHECK_INT(response.error_code, RTC_SUCCESS);
    CHECK_INT(response.len, 8);
    static const uint8_t five[8] = {1, 0, 0, 0, 5};
    CHECK(memcmp(response.data, five, 8) == 0);
    rb_response_free(&response);
    CHECK_INT(host_number(handle, "hash", "test.source.read", "{\"source\":%llu,\"size\":5}", (unsigned long long)source),
              fnv1a(2166136261u, (const uint8_t *)"media", 5));

    void *other = host_start(NULL); /* sources belong to their instance */
    response = plugin_call_raw(other, 1, message, sizeof message);
    CHECK_INT(response.error_code, RTC_HANDLER_ERROR);
    rb_response_free(&response);
    host_stop(other);
    host_do(handle, "test.source.close", "{\"source\":%llu}", (unsigned long long)source);
    response = plugin_call_raw(handle, 1, message, sizeof message);
    CHECK(strcmp((char *)response.data, "handler error: the source takes no more") == 0);
    rb_response_free(&response);
}

void test_calls(void) {
    void *handle = host_start("{}");
    bad_handles_and_tags(handle);
    if (host_has_go()) echoes(handle);
    raw(handle);
    threads(handle);
    limit();
    if (host_has_go()) large_requests();
    deadline();
    host_stop(handle);
    CHECK_INT(rtc_live_allocations(), 0);
}
