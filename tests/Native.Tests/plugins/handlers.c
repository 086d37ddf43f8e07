// handlers.c — the commands: those of rustbridge's hello-plugin, and some that misbehave on purpose.
#include "plugin.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void text_add(text *t, const char *bytes, size_t len) {
    if (t->len + len > t->capacity) {
        t->capacity = (t->len + len) * 2 + 64;
        t->data = realloc(t->data, t->capacity);
        if (!t->data) {
            abort();
        }
    }
    memcpy(t->data + t->len, bytes, len);
    t->len += len;
}

void text_print(text *t, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text_add(t, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

static void text_literal(text *t, const char *literal) { text_add(t, literal, strlen(literal)); }

// A JSON string's text without its quotes, escapes as they came.
static slice inner(slice string) { return (slice){string.data + 1, string.len - 2}; }

static bool is_string(slice value) { return value.data && value.data[0] == '"'; }

static uint32_t missing(text *out, const char *field) {
    text_print(out, "serialization error: missing field `%s`", field);
    return SERIALIZATION_ERROR;
}

static uint32_t echo(slice request, text *out) {
    slice message = json_member(request, "message");
    size_t length;
    if (!json_string_length(message, &length)) {
        return missing(out, "message");
    }
    log_line(LOG_DEBUG, "hello_plugin::echo", "echo");
    char number[32];
    text_literal(out, "{\"length\":");
    text_add(out, number, (size_t)snprintf(number, sizeof number, "%zu", length));
    text_literal(out, ",\"message\":");
    text_add(out, message.data, message.len);
    text_literal(out, "}");
    return SUCCESS;
}

static uint32_t greet(slice request, text *out) {
    slice name = json_member(request, "name");
    if (!is_string(name)) {
        return missing(out, "name");
    }
    text_literal(out, "{\"greeting\":\"Hello, ");
    text_add(out, inner(name).data, inner(name).len);
    text_literal(out, "! Welcome to rustbridge.\"}");
    return SUCCESS;
}

static uint32_t user_create(slice request, text *out) {
    static _Atomic uint32_t counter;
    if (!is_string(json_member(request, "username")) || !is_string(json_member(request, "email"))) {
        return missing(out, "username");
    }
    text_print(out, "{\"created_at\":\"%" PRId64 "Z\",\"user_id\":\"user-%08x\"}", (int64_t)time(NULL), counter++);
    return SUCCESS;
}

static uint32_t math_add(slice request, text *out) {
    int64_t a, b;
    if (!json_integer(json_member(request, "a"), &a) || !json_integer(json_member(request, "b"), &b)) {
        return missing(out, "a");
    }
    text_print(out, "{\"result\":%" PRId64 "}", (int64_t)((uint64_t)a + (uint64_t)b));
    return SUCCESS;
}

bool sleep_ms(uint64_t ms, cancellation *cancel) {
    for (uint64_t slept = 0; slept < ms; slept++) {
        if (cancel && atomic_load(&cancel->cancelled)) {
            return false;
        }
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return !cancel || !atomic_load(&cancel->cancelled);
}

static uint32_t test_sleep(slice request, cancellation *cancel, text *out) {
    int64_t ms;
    if (!json_integer(json_member(request, "duration_ms"), &ms)) {
        return missing(out, "duration_ms");
    }
    log_line(LOG_DEBUG, "hello_plugin::sleep", "asleep");
    if (!sleep_ms((uint64_t)ms, cancel)) {
        text_literal(out, "request cancelled");
        return CANCELLED;
    }
    text_print(out, "{\"slept_ms\":%" PRId64 "}", ms);
    return SUCCESS;
}

static uint32_t bench_small(slice request, text *out) {
    slice key = json_member(request, "key");
    int64_t flags;
    if (!is_string(key) || !json_integer(json_member(request, "flags"), &flags)) {
        return missing(out, "key");
    }
    text_literal(out, "{\"cache_hit\":");
    text_literal(out, flags & 1 ? "true" : "false");
    text_literal(out, ",\"ttl_seconds\":3600,\"value\":\"value_for_");
    text_add(out, inner(key).data, inner(key).len);
    text_literal(out, "\"}");
    return SUCCESS;
}

static uint32_t bench_medium(slice request, text *out) {
    int64_t user;
    if (!json_integer(json_member(request, "user_id"), &user)) {
        return missing(out, "user_id");
    }
    slice options = json_member(request, "options");
    text_print(out, "{\"user_id\":%" PRId64 ",\"username\":\"user_%" PRId64 "\",\"email\":\"user_%" PRId64 "@example.com\",", user, user, user);
    text_print(out, "\"display_name\":\"User Number %" PRId64 "\",\"created_at\":1700000000,\"updated_at\":1705000000,\"metadata\":[", user);
    for (int i = 0; json_bool(json_member(options, "include_metadata")) && i < 10; i++) {
        text_print(out, "%s[\"meta_key_%d\",\"meta_value_%d_for_user_%" PRId64 "\"]", i ? "," : "", i, i, user);
    }
    text_literal(out, "],\"permissions\":[");
    for (int i = 0; json_bool(json_member(options, "include_permissions")) && i < 15; i++) {
        text_print(out, "%s\"permission.%d\"", i ? "," : "", i);
    }
    text_literal(out, "]}");
    return SUCCESS;
}

static uint32_t bench_large(slice request, text *out) {
    int64_t query, size;
    if (!json_integer(json_member(request, "query_id"), &query) || !json_integer(json_member(request, "page_size"), &size)) {
        return missing(out, "query_id");
    }
    size = size < 1000 ? size : 1000;
    text_print(out, "{\"query_id\":%" PRId64 ",\"results\":[", query);
    for (int64_t i = 0; i < size; i++) {
        text_print(out, "%s{\"id\":%" PRId64 ",\"name\":\"record_%" PRId64 "\",\"category\":\"category_%" PRId64 "\",", i ? "," : "", query * 10000 + i, i, i % 10);
        text_print(out, "\"tags\":[\"tag_a_%" PRId64 "\",\"tag_b_%" PRId64 "\",\"tag_c_%" PRId64 "\"],\"created_at\":%" PRId64 "}", i % 5, i % 7, i % 3, 1700000000 + 1000 * i);
    }
    text_print(out, "],\"total_count\":%" PRId64 ",\"next_page_token\":\"token_%" PRId64 "_%" PRId64 "\"}", 10 * size, query, size);
    return SUCCESS;
}

// Logs "count" lines of "level" to "target".
static uint32_t log_command(slice request, text *out) {
    int64_t level, count = 1;
    slice target = json_member(request, "target"), message = json_member(request, "message");
    if (!json_integer(json_member(request, "level"), &level) || !is_string(target) || !is_string(message)) {
        return missing(out, "level");
    }
    json_integer(json_member(request, "count"), &count);
    char name[128], line[1024];
    snprintf(name, sizeof name, "%.*s", (int)inner(target).len, inner(target).data);
    snprintf(line, sizeof line, "%.*s", (int)inner(message).len, inner(message).data);
    for (int64_t i = 0; i < count; i++) {
        log_line((uint8_t)level, name, line);
    }
    text_print(out, "{\"lines\":%" PRId64 "}", count);
    return SUCCESS;
}

uint32_t handle_command(instance *in, const char *tag, slice request, cancellation *cancel, text *out) {
    if (strncmp(tag, "error.", 6) == 0) {
        text_print(out, "error number %s", tag + 6);
        return (uint32_t)strtoul(tag + 6, NULL, 10);
    }
    if (strcmp(tag, "panic") == 0) {
        atomic_store(&in->state, FAILED);
        text_literal(out, "Plugin panicked: on purpose");
        return INTERNAL;
    }
    if (!json_valid(request)) {
        text_literal(out, "serialization error: expected a JSON value");
        return SERIALIZATION_ERROR;
    }
    if (strcmp(tag, "echo") == 0) return echo(request, out);
    if (strcmp(tag, "greet") == 0) return greet(request, out);
    if (strcmp(tag, "user.create") == 0) return user_create(request, out);
    if (strcmp(tag, "math.add") == 0) return math_add(request, out);
    if (strcmp(tag, "test.sleep") == 0) return test_sleep(request, cancel, out);
    if (strcmp(tag, "bench.small") == 0) return bench_small(request, out);
    if (strcmp(tag, "bench.medium") == 0) return bench_medium(request, out);
    if (strcmp(tag, "bench.large") == 0) return bench_large(request, out);
    if (strcmp(tag, "log") == 0) return log_command(request, out);
    text_print(out, "unknown message type: %.200s", tag);
    return UNKNOWN_MESSAGE_TYPE;
}
