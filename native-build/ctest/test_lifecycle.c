/* Create, init, fail, log, shut down; at the wrong time, twice, and all at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "host.h"

static void *init(const char *config) {
    return plugin_init(plugin_create(), (const uint8_t *)config, strlen(config), NULL);
}

static void configurations(void) {
    static const char *refused[] = {
        "nonsense", "[]", "3", "{\"max_concurrent_ops\":-1}", "{\"max_concurrent_ops\":1.5}", "{\"worker_threads\":0}",
        "{\"worker_threads\":\"4\"}", "{\"log_level\":7}", "{\"max_concurrent_ops\":99999999999999}",
        "{\"shutdown_timeout_ms\":99999999}", "{\"data\":{\"call_timeout_ms\":0}}",
        "{\"data\":{\"event_buffer_bytes\":1}}", "{", " ",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK(init(refused[i]) == NULL);
        CHECK(strstr(rtc_last_error(), "configuration error: ") == rtc_last_error());
    }
    static const char *taken[] = {
        "", "{}", " {}", "{\"log_level\":\"nonsense\"}", "{\"unknown\":1,\"data\":null}", "{\"data\":\"anything\"}",
        "{\"data\":{\"key\":[1]},\"init_params\":{},\"worker_threads\":4,\"log_level\":\"DEBUG\","
        "\"max_concurrent_ops\":0,\"shutdown_timeout_ms\":100}",
    };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        void *handle = init(taken[i]);
        CHECK(handle != NULL);
        host_stop(handle);
    }
    static const uint8_t json[] = "{\"any\":\"json\"}";
    CHECK(plugin_create_with_config(json, 5) == NULL);
    CHECK(strstr(rtc_last_error(), "not valid JSON") != NULL);
    void *plugin = plugin_create_with_config(json, sizeof json - 1);
    CHECK(plugin != NULL);
    CHECK(plugin_create_with_config(NULL, 0) != NULL);
    void *handle = plugin_init(plugin, NULL, 0, NULL);
    CHECK(handle != NULL);
    host_stop(handle);
}

static void states(void) {
    CHECK(plugin_init(NULL, NULL, 0, NULL) == NULL);
    CHECK(plugin_init((void *)1, NULL, 0, NULL) == NULL);
    void *plugin = plugin_create();
    CHECK_INT(plugin_get_state(plugin), RTC_STATE_INVALID);
    answer a = host_call(plugin, "echo", "{}");
    CHECK_INT(a.code, RTC_INVALID_STATE);
    answer_free(&a);
    void *handle = plugin_init(plugin, NULL, 0, NULL);
    CHECK(handle != NULL);
    CHECK_INT(plugin_get_state(handle), RTC_STATE_ACTIVE);
    CHECK(plugin_init(plugin, NULL, 0, NULL) == NULL); /* consumed */
    CHECK(plugin_init(handle, NULL, 0, NULL) == NULL);
    CHECK_INT(plugin_get_state(handle), RTC_STATE_ACTIVE);
    CHECK(plugin_shutdown(handle));
    CHECK(!plugin_shutdown(handle));
    CHECK_INT(plugin_get_state(handle), RTC_STATE_INVALID);
    CHECK_INT((uintptr_t)handle >> 53, 0);
    CHECK(strcmp(rtc_version(), "0.1.0") == 0);
}

/* ---- Logs ---------------------------------------------------------------------------------------------------------- */

static _Atomic int lines;
static _Atomic int traces;
static pthread_t log_thread;

static void log_line(uint8_t level, const char *target, const uint8_t *message, size_t len) {
    CHECK_INT(strlen((const char *)message), len); /* NUL-terminated */
    CHECK(level <= RTC_LOG_ERROR);
    if (strncmp(target, "librtc.test", 11) != 0) return;
    log_thread = pthread_self();
    if (level == RTC_LOG_TRACE) {
        atomic_fetch_add(&traces, 1);
    } else {
        char expected[96];
        snprintf(expected, sizeof expected, "line of the test size=7 number=%d quoted=\"two words\"", lines % 100);
        CHECK(strcmp((const char *)message, expected) == 0);
        atomic_fetch_add(&lines, 1);
    }
}

static void *start_logging(const char *config) {
    void *handle = plugin_init(plugin_create(), (const uint8_t *)config, strlen(config), log_line);
    CHECK(handle != NULL);
    return handle;
}

static void logs(void) {
    void *handle = start_logging("{\"log_level\":\"info\"}");
    void *quiet = host_start(NULL);
    host_do(handle, "test.log", "{\"count\":100,\"size\":7}");
    host_do(quiet, "test.log", "{\"count\":100,\"size\":7}"); /* has no callback */
    plugin_set_log_level(handle, RTC_LOG_ERROR);
    host_do(handle, "test.log", "{\"count\":100,\"size\":7}");
    plugin_set_log_level(handle, RTC_LOG_TRACE);
    host_do(handle, "test.log", "{\"count\":100,\"size\":7}");
    plugin_set_log_level(handle, 200); /* off */
    host_do(handle, "test.log", "{\"count\":100,\"size\":7}");
    host_stop(quiet);
    host_stop(handle); /* delivers what is queued, then is silent */
    CHECK_INT(lines, 200);
    CHECK_INT(traces, 100);
    CHECK(!pthread_equal(log_thread, pthread_self()));

    /* Each instance has its own callback and level; a failed init leaves none behind. */
    CHECK(plugin_init(plugin_create(), (const uint8_t *)"[]", 2, log_line) == NULL);
    handle = start_logging("{\"log_level\":\"off\"}");
    host_do(handle, "test.log", "{\"count\":100,\"size\":7}");
    host_stop(handle);
    CHECK_INT(lines, 200);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int flood_lines;
static _Atomic unsigned long long flood_dropped;

/* A host that is slow to read its log. */
static void slow_log_line(uint8_t level, const char *target, const uint8_t *message, size_t len) {
    (void)len;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    if (strncmp((const char *)message, "log lines dropped count=", 24) == 0) {
        CHECK_INT(level, RTC_LOG_WARN);
        atomic_fetch_add(&flood_dropped, strtoull((const char *)message + 24, NULL, 10));
    } else if (strncmp(target, "librtc.test", 11) == 0) {
        atomic_fetch_add(&flood_lines, 1);
    }
}

/* Logging never waits for the host: what is too much is dropped and counted. */
static void log_flood(void) {
    void *handle = plugin_init(plugin_create(), NULL, 0, slow_log_line);
    CHECK(handle != NULL);
    unsigned long long sent = 100000;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 10; i++) host_do(handle, "test.log", "{\"count\":10000,\"size\":7}");
    pthread_mutex_unlock(&gate);
    double until = seconds() + 20;
    for (; flood_dropped == 0 && seconds() < until; sent++) {
        host_do(handle, "test.log", "{\"count\":1,\"size\":7}"); /* the count comes with the next line that fits */
        usleep(1000);
    }
    host_stop(handle);
    CHECK(flood_dropped > 10000);
    CHECK_INT(flood_lines + flood_dropped, sent);
}

static _Atomic int neighbour_lines;

static void neighbour_log_line(uint8_t level, const char *target, const uint8_t *message, size_t len) {
    (void)level;
    (void)len;
    CHECK(strncmp((const char *)message, "log lines dropped", 17) != 0);
    if (strncmp(target, "librtc.test", 11) == 0) atomic_fetch_add(&neighbour_lines, 1);
}

/* Whoever is slow to read its log loses lines of its own only. */
static void log_flood_of_a_neighbour(void) {
    void *slow = plugin_init(plugin_create(), NULL, 0, slow_log_line);
    void *neighbour = plugin_init(plugin_create(), NULL, 0, neighbour_log_line);
    CHECK(slow != NULL && neighbour != NULL);
    unsigned long long dropped = flood_dropped;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 10; i++) host_do(slow, "test.log", "{\"count\":10000,\"size\":7}");
    host_do(neighbour, "test.log", "{\"count\":100,\"size\":7}");
    pthread_mutex_unlock(&gate);
    for (double until = seconds() + 20; flood_dropped == dropped && seconds() < until; usleep(1000))
        host_do(slow, "test.log", "{\"count\":1,\"size\":7}");
    host_stop(slow);
    host_stop(neighbour);
    CHECK(flood_dropped > dropped);
    CHECK_INT(neighbour_lines, 100);
}

/* ---- Shutdown ------------------------------------------------------------------------------------------------------ */

static void *stubborn_call(void *handle) {
    answer a = host_call(handle, "test.stubborn", "{\"ms\":1500}");
    CHECK(a.code == RTC_CANCELLED || a.code == RTC_RUNTIME_ERROR);
    answer_free(&a);
    return NULL;
}

static void wait_for_requests(void *handle, uint64_t wanted) {
    double until = seconds() + 10;
    while (seconds() < until && host_number(handle, "requests", "rtc.tables", "{}") != wanted) usleep(500);
    CHECK_INT(host_number(handle, "requests", "rtc.tables", "{}"), wanted);
}

static void shutdown_has_a_deadline(void) {
    void *handle = host_start("{\"shutdown_timeout_ms\":200}");
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, stubborn_call, handle) == 0);
    wait_for_requests(handle, 1);
    double start = seconds();
    CHECK(!plugin_shutdown(handle)); /* something did not stop */
    CHECK(seconds() - start < 1.0);
    pthread_join(thread, NULL); /* its caller was let go at once */
    CHECK(seconds() - start < 1.0);
    CHECK_INT(plugin_get_state(handle), RTC_STATE_INVALID);
}

typedef struct crowd {
    void *handle;
    _Atomic int shutdowns;
    _Atomic int calls;
} crowd;

static void *call_until_gone(void *argument) {
    crowd *c = argument;
    for (;;) {
        answer a = host_call(c->handle, "test.sleep", "{\"ms\":0}");
        uint32_t code = a.code;
        answer_free(&a);
        if (code == RTC_INVALID_STATE) break;
        CHECK(code == RTC_SUCCESS || code == RTC_CANCELLED);
        atomic_fetch_add(&c->calls, 1);
        plugin_set_log_level(c->handle, RTC_LOG_WARN);
        plugin_get_rejected_count(c->handle);
        uint8_t state = plugin_get_state(c->handle);
        CHECK(state == RTC_STATE_ACTIVE || state == RTC_STATE_STOPPING || state == RTC_STATE_INVALID);
    }
    return NULL;
}

static void *shut_down(void *argument) {
    crowd *c = argument;
    if (plugin_shutdown(c->handle)) atomic_fetch_add(&c->shutdowns, 1);
    return NULL;
}

static void races(int rounds) {
    for (int round = 0; round < rounds; round++) {
        crowd c = {.handle = round % 2 == 0 ? host_start(NULL) : start_logging("{}")};
        pthread_t threads[6];
        for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, call_until_gone, &c) == 0);
        double until = seconds() + 10;
        while (atomic_load(&c.calls) < 20 && seconds() < until) usleep(100);
        for (int i = 4; i < 6; i++) CHECK(pthread_create(&threads[i], NULL, shut_down, &c) == 0);
        for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
        CHECK_INT(c.shutdowns, 1); /* one of the two */
    }
}

static size_t figure_of(const char *name) {
    char line[256];
    size_t value = 0;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0) value = strtoul(line + strlen(name), NULL, 10);
    fclose(status);
    CHECK(value > 0);
    return value;
}

static void cycle(void) {
    void *handle = host_start(NULL);
    uint64_t source = host_number(handle, "source", "test.source.open", "{\"capacity\":10000}");
    uint64_t sink = host_number(handle, "sink", "test.sink.open", "{\"capacity\":10000}");
    uint8_t bytes[2000] = {0};
    CHECK_INT(rtc_source_write(source, bytes, sizeof bytes), sizeof bytes);
    host_do(handle, "test.sink.write", "{\"sink\":%llu,\"size\":200,\"count\":100}", (unsigned long long)sink);
    host_do(handle, "test.emit", "{\"session\":1,\"count\":100,\"size\":200}");
    for (int i = 0; i < 5; i++) CHECK(plugin_call_async(handle, "test.sleep", NULL, 0, NULL, NULL) != 0);
    host_stop(handle);
    size_t size;
    int32_t result;
    static uint8_t buffer[1 << 16];
    do result = rtc_poll(handle, buffer, sizeof buffer, 0, &size);
    while (result == RTC_OK);
    CHECK_INT(result, RTC_ENDED);
}

/* Instances come and go and leave nothing behind. */
static void cycles(void) {
    for (int i = 0; i < 100; i++) cycle();
    size_t kilobytes = figure_of("VmRSS:");
    size_t threads = figure_of("Threads:");
    for (int i = 0; i < 900; i++) cycle();
    CHECK(figure_of("VmRSS:") < kilobytes + 8192);
    CHECK(figure_of("Threads:") <= threads + 4);
}

/* ---- Panics -------------------------------------------------------------------------------------------------------- */

static void fails_after(const char *tag, uint32_t code) {
    void *handle = host_start(NULL);
    answer a = host_call(handle, tag, "{}");
    CHECK_INT(a.code, code);
    if (code != RTC_SUCCESS) CHECK(strstr(a.text, "Plugin panicked: ") == a.text);
    answer_free(&a);
    double until = seconds() + 10;
    while (plugin_get_state(handle) != RTC_STATE_FAILED && seconds() < until) usleep(500);
    CHECK_INT(plugin_get_state(handle), RTC_STATE_FAILED);
    a = host_call(handle, "echo", "{}");
    CHECK_INT(a.code, RTC_INVALID_STATE);
    CHECK(answer_has(&a, "invalid lifecycle state: expected Active, got Failed"));
    answer_free(&a);
    RbResponse raw = plugin_call_raw(handle, 1, NULL, 0);
    CHECK_INT(raw.error_code, RTC_INVALID_STATE);
    rb_response_free(&raw);
    host_stop(handle);
}

void test_lifecycle(void) {
    if (host_has_go()) configurations();
    states();
    logs();
    log_flood();
    log_flood_of_a_neighbour();
    shutdown_has_a_deadline();
    races(30);
    if (host_has_go()) {
        cycles();
        fails_after("test.panic", RTC_INTERNAL);
        fails_after("test.panic_later", RTC_SUCCESS);
    }
    CHECK_INT(rtc_live_allocations(), 0);
}
