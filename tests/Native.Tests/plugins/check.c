// check.c — a plain C host that drives the test plugin; linked with it, so that sanitizers see both sides.
#include "plugin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *plugin_create(void);
void *plugin_init(void *plugin, const uint8_t *config, size_t len, log_callback callback);
FfiBuffer plugin_call(void *handle, const char *tag, const uint8_t *request, size_t len);
RbResponse plugin_call_raw(void *handle, uint32_t id, const uint8_t *request, size_t len);
uint64_t plugin_call_async(void *handle, const char *tag, const uint8_t *request, size_t len, completion_callback callback, void *context);
bool plugin_cancel_async(void *handle, uint64_t id);
void plugin_free_buffer(FfiBuffer *buffer);
void rb_response_free(RbResponse *response);
bool plugin_shutdown(void *handle);
void plugin_set_log_level(void *handle, uint8_t level);
uint8_t plugin_get_state(void *handle);
uint64_t plugin_get_rejected_count(void *handle);
int64_t test_live_allocations(void);

#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: in %s: not true: %s\n", __FILE__, __LINE__, __func__, #condition); \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

static _Atomic int log_lines, completions;

static void on_log(uint8_t level, const char *target, const uint8_t *message, size_t len) {
    CHECK(level < LOG_OFF && strlen(target) < 200);
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum ^= message[i]; // reads it all, and not a byte more
    }
    log_lines++;
}

static void on_completion(void *context, uint64_t id, const uint8_t *data, size_t len, uint32_t code) {
    CHECK(context == &completions && id > 0 && (code == SUCCESS || code == CANCELLED || code == INVALID_STATE));
    CHECK(len == 0 || data[0] != 0);
    completions++;
}

static void *start(const char *config) {
    void *handle = plugin_init(plugin_create(), (const uint8_t *)config, strlen(config), on_log);
    CHECK(handle && plugin_get_state(handle) == ACTIVE);
    return handle;
}

// Calls, wants the code and, in the answer, the text.
static void call(void *handle, const char *tag, const char *request, uint32_t code, const char *text) {
    size_t len = strlen(request);
    uint8_t *copy = malloc(len ? len : 1); // exactly as long as the request: reading on is an error
    memcpy(copy, request, len);
    FfiBuffer answer = plugin_call(handle, tag, copy, len);
    free(copy);
    if (answer.error_code != code || (text && !memmem(answer.data, answer.len, text, strlen(text)))) {
        fprintf(stderr, "%s %s: %u %.*s\n", tag, request, answer.error_code, (int)answer.len, (char *)answer.data);
        abort();
    }
    plugin_free_buffer(&answer);
    plugin_free_buffer(&answer); // does nothing the second time
}

static void test_commands(void *handle) {
    call(handle, "echo", "{\"message\":\"h\\u00e9llo \\ud83d\\ude00\"}", SUCCESS, "\"length\":11");
    call(handle, "echo", "{\"message\":\"\"}", SUCCESS, "\"length\":0");
    call(handle, "greet", "{\"name\":\"Ada\"}", SUCCESS, "Hello, Ada!");
    call(handle, "user.create", "{\"username\":\"a\",\"email\":\"b\"}", SUCCESS, "user-");
    call(handle, "math.add", "{\"a\":-9223372036854775808,\"b\":-1}", SUCCESS, "9223372036854775807");
    call(handle, "test.sleep", "{\"duration_ms\":1}", SUCCESS, "\"slept_ms\":1");
    call(handle, "bench.small", "{\"key\":\"k\",\"flags\":1}", SUCCESS, "value_for_k");
    call(handle, "bench.medium", "{\"user_id\":7,\"options\":{\"include_metadata\":true,\"include_permissions\":true}}", SUCCESS, "user_7");
    call(handle, "bench.large", "{\"query_id\":1,\"page_size\":1000}", SUCCESS, "token_1_");
    call(handle, "log", "{\"level\":4,\"target\":\"check\",\"message\":\"\",\"count\":3}", SUCCESS, "\"lines\":3");
}

static void test_refusals(void *handle) {
    static const char *broken[] = {"", "{", "{\"message\":", "{\"message\":\"", "{\"message\":\"\\", "[1,", "tru", "{\"a\" 1}", "\"\\u12"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        call(handle, "echo", broken[i], SERIALIZATION_ERROR, NULL);
    }
    char deep[4096];
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = 0;
    call(handle, "echo", deep, SERIALIZATION_ERROR, NULL);
    char tag[8192];
    memset(tag, 'x', sizeof tag);
    tag[sizeof tag - 1] = 0;
    call(handle, tag, "{}", UNKNOWN_MESSAGE_TYPE, "unknown message type");
    for (uint32_t code = 1; code <= 14; code++) {
        char name[32];
        snprintf(name, sizeof name, "error.%u", code);
        call(handle, name, "{}", code, NULL);
        snprintf(name, sizeof name, "plain.%u", code);
        call(handle, name, "{}", code, "plain text");
    }
    call(NULL, "echo", "{}", INVALID_STATE, "Invalid handle");
    call((void *)(uintptr_t)UINT64_MAX, "echo", "{}", INVALID_STATE, "Invalid handle");
    FfiBuffer answer = plugin_call(handle, NULL, NULL, 0);
    CHECK(answer.error_code == CONFIG_ERROR);
    plugin_free_buffer(&answer);
    plugin_free_buffer(NULL);
    rb_response_free(NULL);
    CHECK(plugin_get_state(NULL) == INVALID && plugin_get_rejected_count(NULL) == 0 && !plugin_shutdown(NULL));
}

static void test_raw(void *handle) {
    uint8_t request[76] = {1};
    memcpy(request + 4, "key", 3);
    request[68] = 255; // longer than the key can be
    request[72] = 1;
    struct {
        uint32_t id;
        size_t len;
        uint32_t code, answer;
    } cases[] = {{1, 76, SUCCESS, 80}, {1, 75, HANDLER_ERROR, 18}, {100, 76, SUCCESS, 76}, {101, 0, SUCCESS, 5}, {103, 0, SUCCESS, 0}, {999, 0, UNKNOWN_MESSAGE_TYPE, 24}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RbResponse answer = plugin_call_raw(handle, cases[i].id, request, cases[i].len);
        CHECK(answer.error_code == cases[i].code && answer.len == cases[i].answer);
        rb_response_free(&answer);
        rb_response_free(&answer);
    }
}

static void *call_until_stopped(void *handle) {
    for (;;) {
        FfiBuffer answer = plugin_call(handle, "math.add", (const uint8_t *)"{\"a\":1,\"b\":2}", 13);
        uint32_t code = answer.error_code;
        plugin_free_buffer(&answer);
        plugin_set_log_level(handle, LOG_DEBUG);
        if (code != SUCCESS) {
            CHECK(code == INVALID_STATE && plugin_get_state(handle) == INVALID);
            return NULL;
        }
    }
}

// Shutdown comes while eight threads call and requests are out.
static void test_race(void) {
    void *handle = start("{\"max_concurrent_ops\":0}");
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) {
        pthread_create(&threads[i], NULL, call_until_stopped, handle);
    }
    int sent = 0;
    for (int i = 0; i < 50; i++) {
        uint64_t id = plugin_call_async(handle, "test.sleep", (const uint8_t *)"{\"duration_ms\":20}", 18, on_completion, &completions);
        sent += id != 0;
        plugin_cancel_async(handle, i % 2 ? id : id + 1000);
    }
    while (completions < sent) {
        usleep(1000);
    }
    CHECK(plugin_shutdown(handle) && !plugin_shutdown(handle));
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
    }
    completions = 0;
}

int main(void) {
    alarm(120); // a hang is a failure
    for (int round = 0; round < 20; round++) {
        void *handle = start(round % 2 ? "" : "{\"log_level\":\"debug\",\"max_concurrent_ops\":5,\"data\":{}}");
        test_commands(handle);
        test_refusals(handle);
        test_raw(handle);
        call(handle, "panic", "{}", INTERNAL, "Plugin panicked");
        call(handle, "echo", "{}", INVALID_STATE, "invalid lifecycle state");
        CHECK(plugin_shutdown(handle) && plugin_get_state(handle) == INVALID);
        test_race();
    }
    CHECK(!plugin_init(plugin_create(), (const uint8_t *)"{", 1, on_log));
    CHECK(!plugin_init(NULL, NULL, 0, NULL));
    CHECK(log_lines > 0 && test_live_allocations() == 0);
    printf("ok plugin     %d log lines, nothing allocated\n", log_lines);
    return 0;
}
