// plugin.h — what the parts of the test plugin share. The plugin speaks the rustbridge plugin ABI.
#ifndef TEST_PLUGIN_H
#define TEST_PLUGIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

enum {
    SUCCESS = 0, INVALID_STATE = 1, INITIALIZATION_FAILED = 2, SHUTDOWN_FAILED = 3, CONFIG_ERROR = 4,
    SERIALIZATION_ERROR = 5, UNKNOWN_MESSAGE_TYPE = 6, HANDLER_ERROR = 7, CANCELLED = 9, INTERNAL = 11,
    TOO_MANY_REQUESTS = 13
};

enum { ACTIVE = 2, FAILED = 5, INVALID = 255 };

enum { LOG_DEBUG = 1, LOG_INFO = 2, LOG_OFF = 5 };

typedef struct {
    uint8_t *data;
    size_t len;
    size_t capacity;
    uint32_t error_code;
} FfiBuffer;

typedef struct {
    uint32_t error_code;
    uint32_t len;
    uint32_t capacity;
    uint8_t *data;
} RbResponse;

typedef void (*log_callback)(uint8_t level, const char *target, const uint8_t *message, size_t len);
typedef void (*completion_callback)(void *context, uint64_t id, const uint8_t *data, size_t len, uint32_t code);

// A count that threads change without sharing a cache line: each adds to one of the cells, the sum is the count.
enum { CELLS = 16 };
typedef struct {
    struct {
        _Alignas(128) _Atomic int64_t value;
    } cells[CELLS];
} spread_count;

unsigned cell_of_thread(void);

// A slot is found by the low bits of the handle and is never freed, so a stale handle is only ever refused.
typedef struct {
    _Atomic uint64_t id;
    _Atomic int state;
    uint64_t limit;
    uint64_t shutdown_timeout_ms;
    _Atomic uint64_t running; // while there is a limit
    _Atomic uint64_t rejected;
    spread_count unlimited; // running, while there is none
} instance;

// A request's chance to be cancelled; null members mean that it cannot be.
typedef struct {
    _Atomic bool cancelled;
} cancellation;

// Growing text.
typedef struct {
    char *data;
    size_t len, capacity;
} text;

void text_add(text *t, const char *bytes, size_t len);
void text_print(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A value inside a JSON document; data is null when there is none.
typedef struct {
    const char *data;
    size_t len;
} slice;

bool json_valid(slice document);
slice json_member(slice object, const char *name);
bool json_string_length(slice value, size_t *bytes);
bool json_integer(slice value, int64_t *number);
bool json_bool(slice value);

// Runs a command: adds its payload to out and answers SUCCESS, or adds an error text and answers a code.
uint32_t handle_command(instance *in, const char *tag, slice request, cancellation *cancel, text *out);

instance *find_instance(void *handle);
bool acquire(instance *in);
void release(instance *in);
FfiBuffer respond(uint32_t code, text *out, const char *tag);
void log_line(uint8_t level, const char *target, const char *message);
bool sleep_ms(uint64_t ms, cancellation *cancel);
void count_allocation(int change);

#endif
