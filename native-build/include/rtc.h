/*
 * rtc.h — the border of librtc.
 *
 * librtc holds headless participants of Stream video calls (rtc.* commands) and a local SFU (sfu.* commands). A host
 * in any language drives it through the functions below. It is one plugin in the sense of the rustbridge plugin ABI
 * (the functions named plugin_* and rb_*), with a few functions of its own (rtc_*) for media and events.
 *
 * Threads.  Every function is plain C over bounded queues: none runs Go code on the calling thread, so hosts with a
 * garbage collector of their own are safe. All may be called from any thread at any time unless said otherwise.
 * Callbacks arrive on one thread made by this library, never on the caller's thread and never on a Go thread.
 *
 * Memory.  What a function is given stays the caller's and is copied before the call returns. What plugin_call and
 * plugin_call_raw return is malloc memory: give the struct back unchanged to plugin_free_buffer or rb_response_free,
 * once. Nothing else is ever handed over.
 *
 * Handles.  64-bit numbers below 2^53, never pointers, never reused, never zero; widened into a pointer-sized slot where
 * the plugin ABI wants one. Unknown and dead handles are safe everywhere and answer as stated; where a function can say
 * both, a handle that is dead answers RTC_ENDED and one that never was answers RTC_BAD_HANDLE.
 *
 * Processes.  In a child made by fork, without exec, the library is dead: calls answer RTC_RUNTIME_ERROR, all else as for
 * dead handles. At exit it needs nothing; hosts that want their last events call plugin_shutdown first.
 *
 * Only 64-bit little-endian Linux with glibc is supported. The library can never be unloaded.
 */
#ifndef RTC_H
#define RTC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RTC_API __attribute__((visibility("default")))

/* ---- Codes ---------------------------------------------------------------------------------------------------- */

/* Error codes of FfiBuffer.error_code, RbResponse.error_code and completions. */
enum {
    RTC_SUCCESS = 0,
    RTC_INVALID_STATE = 1,         /* not active, or an unknown handle */
    RTC_INITIALIZATION_FAILED = 2,
    RTC_SHUTDOWN_FAILED = 3,
    RTC_CONFIG_ERROR = 4,          /* bad configuration, or a null or non-UTF-8 type tag */
    RTC_SERIALIZATION_ERROR = 5,   /* the request is not the JSON this command takes */
    RTC_UNKNOWN_MESSAGE_TYPE = 6,
    RTC_HANDLER_ERROR = 7,         /* the command refused; error_details says why */
    RTC_RUNTIME_ERROR = 8,
    RTC_CANCELLED = 9,
    RTC_TIMEOUT = 10,
    RTC_INTERNAL = 11,
    RTC_FFI_ERROR = 12,
    RTC_TOO_MANY_REQUESTS = 13     /* max_concurrent_ops reached, or the request queue is full */
};

/* Lifecycle states of plugin_get_state. */
enum {
    RTC_STATE_INSTALLED = 0, RTC_STATE_STARTING = 1, RTC_STATE_ACTIVE = 2,
    RTC_STATE_STOPPING = 3, RTC_STATE_STOPPED = 4, RTC_STATE_FAILED = 5,
    RTC_STATE_INVALID = 255
};

/* Log levels. */
enum { RTC_LOG_TRACE = 0, RTC_LOG_DEBUG = 1, RTC_LOG_INFO = 2, RTC_LOG_WARN = 3, RTC_LOG_ERROR = 4, RTC_LOG_OFF = 5 };

/* Results of the rtc_* functions; counts are zero or positive. */
enum {
    RTC_OK = 0,
    RTC_ENDED = -1,      /* nothing more will come, or be taken */
    RTC_BAD_HANDLE = -2,
    RTC_TOO_SMALL = -3,  /* the buffer does not hold even one record */
    RTC_BAD_ARGUMENT = -4,
    RTC_BUSY = -5        /* another thread is already in this call with the same handle */
};

/* ---- The plugin ABI ------------------------------------------------------------------------------------------- */

typedef struct FfiBuffer {
    uint8_t *data;
    size_t len;
    size_t capacity;     /* at least 1 whenever data is not null */
    uint32_t error_code;
} FfiBuffer;

typedef struct RbResponse {
    uint32_t error_code;
    uint32_t len;        /* counts the NUL that ends an error text */
    uint32_t capacity;
    uint8_t *data;
} RbResponse;

/* The message is NUL-terminated as well; message_len does not count it. Pointers are valid during the call only. */
typedef void (*plugin_log_callback)(uint8_t level, const char *target, const uint8_t *message, size_t message_len);

/* Exactly one call per request id. data is the response envelope, valid during the call only. */
typedef void (*plugin_completion_callback)(void *context, uint64_t request_id, const uint8_t *data, size_t len,
                                           uint32_t error_code);

/* A new plugin object, not yet started. Null only without memory. */
RTC_API void *plugin_create(void);

/* As plugin_create, with construction-time configuration: accepted and checked to be JSON, else null. */
RTC_API void *plugin_create_with_config(const uint8_t *config_json, size_t config_len);

/*
 * Starts the object and consumes it; a second init of the same object fails. Null on failure, rtc_last_error says why.
 *
 * config_json: data, init_params, worker_threads, log_level ("info"), max_concurrent_ops (1000, 0 = unlimited),
 * shutdown_timeout_ms (5000). Null or empty means defaults. log_callback may be null. Of data, the library itself reads
 * call_timeout_ms (60000), event_buffer_bytes (4194304) and debug_directory; commands.md has what its commands read.
 */
RTC_API void *plugin_init(void *plugin, const uint8_t *config_json, size_t config_len,
                          plugin_log_callback log_callback);

/*
 * Runs a command and waits for its answer: an envelope {"status":"success","payload":…} or
 * {"status":"error","error_code":…,"error_message":…,"error_details":{"kind":…,"stage":…}}; plain text for a bad
 * handle or tag. Bounded by the instance's call_timeout_ms: then RTC_TIMEOUT, and a late answer is discarded.
 */
RTC_API FfiBuffer plugin_call(void *handle, const char *type_tag, const uint8_t *request, size_t request_len);

/*
 * Binary messages. 1: appends bytes to a source, {u8 version = 1, u8 reserved[7], u64 source} and the bytes;
 * the answer is {u8 version = 1, u8 reserved[3], u32 accepted}.
 */
RTC_API RbResponse plugin_call_raw(void *handle, uint32_t message_id, const uint8_t *request, size_t request_len);

/*
 * Starts a command and returns its request id, or 0 when it could not be queued (rtc_last_error says why). The answer
 * comes once: through callback on the library's own thread, or, when callback is null, as an RTC_RECORD_COMPLETION of
 * rtc_poll.
 */
RTC_API uint64_t plugin_call_async(void *handle, const char *type_tag, const uint8_t *request, size_t request_len,
                                   plugin_completion_callback callback, void *context);

/*
 * Asks a running command to stop. True when the request was still running: its completion then comes early, with
 * RTC_CANCELLED unless it had already succeeded. What it had begun is undone before the completion.
 */
RTC_API bool plugin_cancel_async(void *handle, uint64_t request_id);

RTC_API void plugin_free_buffer(FfiBuffer *buffer);
RTC_API void rb_response_free(RbResponse *response);

/*
 * Leaves every call, stops every SFU, waits for calls in flight, at most shutdown_timeout_ms. No callback runs once
 * this has returned. rtc_poll delivers what is left and then RTC_ENDED. False when the handle is unknown or
 * something did not stop in time.
 */
RTC_API bool plugin_shutdown(void *handle);

RTC_API void plugin_set_log_level(void *handle, uint8_t level);
RTC_API uint8_t plugin_get_state(void *handle);
RTC_API uint64_t plugin_get_rejected_count(void *handle);

/* ---- Events and completions ----------------------------------------------------------------------------------- */

/*
 * What follows an rtc_record. One poll brings notices (3 to 5) before completions, and completions before events; each kind
 * comes in its order, and an event never before a completion that was there first. So a notice may name a sink or a source
 * whose answer has not come yet, even one whose command fails after all: drop what is unknown. A host that has the answer
 * therefore reads or writes first, and waits for a notice only after 0, or fewer bytes than it gave.
 */
enum {
    RTC_RECORD_EVENT = 1,           /* id: session or 0; payload: a protobuf Event (proto/rtc/v1/events.proto) */
    RTC_RECORD_COMPLETION = 2,      /* id: request id; payload: u32 error code, then the response envelope */
    RTC_RECORD_SINK_READY = 3,      /* id: sink; read until 0 or RTC_ENDED; no payload */
    RTC_RECORD_SOURCE_WRITABLE = 4, /* id: source that had refused bytes; no payload */
    RTC_RECORD_SOURCE_ENDED = 5     /* id: source that takes no more, see publication_ended; no payload */
};

/* Head of a record; size payload bytes follow, then zeros up to a multiple of 8. */
typedef struct rtc_record {
    uint32_t size;
    uint8_t kind;
    uint8_t reserved[3];
    uint64_t id;
} rtc_record;

/*
 * Waits for records and copies as many whole ones as fit into buffer. timeout_ms < 0 waits until something comes.
 *
 * RTC_OK with *size_out bytes (0 after a timeout); RTC_ENDED after shutdown once all was delivered; RTC_TOO_SMALL with
 * the size wanted in *size_out; RTC_BUSY when another thread polls this instance. Only events can be dropped, oldest
 * first, when the host leaves more than event_buffer_bytes unread: the hole shows in Event.seq.
 */
RTC_API int32_t rtc_poll(void *handle, uint8_t *buffer, size_t capacity, int32_t timeout_ms, size_t *size_out);

/* ---- Media ---------------------------------------------------------------------------------------------------- */

/*
 * Gives bytes to a source (rtc.publish.open). Returns how many were taken, 0 to size: after fewer than size an
 * RTC_RECORD_SOURCE_WRITABLE follows once there is room again. RTC_ENDED when the publication is over or rtc_source_end was
 * called, RTC_BAD_HANDLE, RTC_BAD_ARGUMENT for null with a size. One writer a source: RTC_BUSY while another thread writes.
 */
RTC_API int64_t rtc_source_write(uint64_t source, const uint8_t *data, size_t size);

/* Says that no more bytes come; what was given is still played. RTC_OK, RTC_ENDED or RTC_BAD_HANDLE. */
RTC_API int32_t rtc_source_end(uint64_t source);

/*
 * Takes bytes of a sink (rtc.sink.open). Returns how many; 0 when there are none now, and an RTC_RECORD_SINK_READY
 * follows; RTC_ENDED after the last byte; RTC_BAD_HANDLE; RTC_BAD_ARGUMENT for no buffer. One reader a sink: RTC_BUSY while
 * another thread reads.
 */
RTC_API int64_t rtc_sink_read(uint64_t sink, uint8_t *buffer, size_t capacity);

/* ---- Process and diagnosis ------------------------------------------------------------------------------------ */

/*
 * For .NET hosts, once after loading: takes SA_ONSTACK off the signal with which .NET suspends its threads
 * (SIGRTMIN), which Go sets on every handler it finds. 1 when it was set, 0 when there was nothing to do, negative
 * errno on failure. Without it the process dies under garbage collection.
 *
 * For every host: Go's threads block the signals meant for the host, but Go unblocks SIGCHLD on them. A handler for it
 * must be there before this library is loaded, which then sets SA_ONSTACK on it, or be installed with that flag;
 * another one would run on a goroutine's stack of a few KiB and overwrite what lies below.
 */
RTC_API int32_t rtc_signal_protect(void);

/* 1 while SA_ONSTACK is set on SIGRTMIN, else 0. */
RTC_API int32_t rtc_signal_exposed(void);

/* Response blocks handed out and not yet freed, over all instances. */
RTC_API uint64_t rtc_live_allocations(void);

/* Why the last plugin_init, plugin_create_with_config or plugin_call_async on this thread failed; never null. */
RTC_API const char *rtc_last_error(void);

/* The version of this library, such as "0.1.0". */
RTC_API const char *rtc_version(void);

#ifdef __cplusplus
}
#endif

#endif
