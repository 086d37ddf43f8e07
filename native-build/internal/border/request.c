/* request.c — commands: from the host into Go, and their answers back. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

enum { WAITING = 0, SLEEPING = 1, ANSWERED = 2, ABANDONED = 3 };

typedef struct cancel_node {
    border_node node;
    uint64_t instance;
    uint64_t id;
} cancel_node;

/* Why a request could not even begin. */
typedef struct refusal {
    uint32_t code;
    char text[512];
} refusal;

static const char *const state_names[] = {"Installed", "Starting", "Active", "Stopping", "Stopped", "Failed"};

/* Memory of all requests, so that many large ones cannot fill it. */
static _Alignas(CACHE_LINE) _Atomic size_t request_memory;

/* ---- Life of a request ------------------------------------------------------------------------------------------- */

static border_request *request_new(border_instance *instance, uint32_t kind, const char *tag, size_t tag_size,
                                   const uint8_t *payload, size_t size) {
    size_t memory = sizeof(border_request) + tag_size + 1 + size;
    border_request *request = NULL;
    size_t before = atomic_fetch_add_explicit(&request_memory, memory, memory_order_relaxed);
    /* A library full of commands can still be shut down. */
    if (kind != BORDER_NODE_CALL || before + memory <= MAX_REQUESTS_BYTES) request = malloc(memory);
    if (request == NULL) {
        atomic_fetch_sub_explicit(&request_memory, memory, memory_order_relaxed);
        return NULL;
    }
    memset(request, 0, sizeof *request);
    request->memory = memory;
    request->node.kind = kind;
    atomic_init(&request->references, 2);
    request->id = next_id();
    request->tag_size = tag_size;
    request->payload_size = size;
    memcpy(request->bytes, tag, tag_size);
    request->bytes[tag_size] = 0;
    if (size > 0) memcpy(request->bytes + tag_size + 1, payload, size);
    if (instance != NULL) {
        object_retain(&instance->object);
        request->instance = instance;
    }
    return request;
}

void request_release(border_request *request) {
    if (atomic_fetch_sub_explicit(&request->references, 1, memory_order_acq_rel) != 1) return;
    if (request->permit) instance_release_permit(request->instance);
    if (request->instance != NULL) object_release(&request->instance->object);
    free(request->answer);
    atomic_fetch_sub_explicit(&request_memory, request->memory, memory_order_relaxed);
    free(request);
}

/* Waits for the answer. False when the deadline came first; then the answer will be thrown away. */
static bool request_wait(border_request *request, uint64_t deadline) {
    if (spin_while(&request->state, WAITING)) return true;
    uint32_t expected = WAITING;
    if (!atomic_compare_exchange_strong(&request->state, &expected, SLEEPING)) return true;
    while (atomic_load_explicit(&request->state, memory_order_acquire) == SLEEPING) {
        if (futex_wait(&request->state, SLEEPING, deadline)) continue;
        expected = SLEEPING;
        if (atomic_compare_exchange_strong(&request->state, &expected, ABANDONED)) return false;
    }
    return true;
}

static void running_add(border_request *request) {
    border_instance *instance = request->instance;
    pthread_mutex_lock(&instance->records.mutex);
    request->next_running = instance->running;
    if (instance->running != NULL) instance->running->previous_running = request;
    instance->running = request;
    pthread_mutex_unlock(&instance->records.mutex);
}

static void running_remove(border_request *request) {
    border_instance *instance = request->instance;
    pthread_mutex_lock(&instance->records.mutex);
    if (request->previous_running != NULL)
        request->previous_running->next_running = request->next_running;
    else
        instance->running = request->next_running;
    if (request->next_running != NULL) request->next_running->previous_running = request->previous_running;
    pthread_mutex_unlock(&instance->records.mutex);
}

/* ---- Into Go ----------------------------------------------------------------------------------------------------- */

static void refuse(refusal *why, uint32_t code, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void refuse(refusal *why, uint32_t code, const char *format, ...) {
    va_list arguments;
    why->code = code;
    va_start(arguments, format);
    vsnprintf(why->text, sizeof why->text, format, arguments);
    va_end(arguments);
}

static void refuse_in_envelope(refusal *why, uint32_t code, const char *kind, const char *message) {
    refuse(why, code,
           "{\"status\":\"error\",\"error_code\":%u,\"error_message\":\"%s\",\"error_details\":{\"kind\":\"%s\"}}", code,
           message, kind);
}

static void refuse_state(refusal *why, uint32_t state) {
    char message[96];
    snprintf(message, sizeof message, "invalid lifecycle state: expected Active, got %s", state_names[state]);
    refuse_in_envelope(why, RTC_INVALID_STATE, "invalid_state", message);
}

/* Checks in the order of the plugin ABI: handle, tag, state, limit. The request is not yet queued. */
static border_request *request_begin(void *handle, const char *tag, const uint8_t *payload, size_t size,
                                     uint8_t delivery, refusal *why) {
    border_instance *instance = object_acquire((uint64_t)(uintptr_t)handle, KIND_INSTANCE);
    border_request *request = NULL;
    uint32_t state = instance == NULL ? RTC_STATE_INVALID : atomic_load(&instance->state);
    size_t tag_size = tag == NULL ? 0 : strnlen(tag, MAX_TAG_BYTES + 1);

    if (process_is_forked()) {
        refuse(why, RTC_RUNTIME_ERROR, "librtc does not work in a forked process; load it after fork");
    } else if (instance == NULL || state == RTC_STATE_STOPPED) {
        refuse(why, RTC_INVALID_STATE, "Invalid handle");
    } else if (tag == NULL) {
        refuse(why, RTC_CONFIG_ERROR, "Type tag is null");
    } else if (!utf8_valid((const uint8_t *)tag, tag_size)) {
        refuse(why, RTC_CONFIG_ERROR, "Invalid type tag encoding");
    } else if (tag_size > MAX_TAG_BYTES) {
        refuse(why, RTC_CONFIG_ERROR, "Type tag is longer than %d bytes", MAX_TAG_BYTES);
    } else if (state != RTC_STATE_ACTIVE) {
        refuse_state(why, state);
    } else if (payload == NULL && size > 0) {
        refuse_in_envelope(why, RTC_SERIALIZATION_ERROR, "invalid_argument", "serialization error: request is null");
    } else if (size > MAX_REQUEST_BYTES) {
        refuse_in_envelope(why, RTC_SERIALIZATION_ERROR, "invalid_argument",
                           "serialization error: request is larger than 64 MiB");
    } else if (!instance_admit(instance)) {
        refuse_in_envelope(why, RTC_TOO_MANY_REQUESTS, "capacity_exceeded",
                           "too many concurrent requests (limit exceeded)");
    } else if ((request = request_new(instance, BORDER_NODE_CALL, tag, tag_size, payload, size)) == NULL) {
        instance_release_permit(instance);
        atomic_fetch_add(&instance->rejected, 1);
        refuse_in_envelope(why, RTC_TOO_MANY_REQUESTS, "capacity_exceeded",
                           "too many concurrent requests (no memory for this one)");
    } else {
        request->permit = true;
        request->delivery = delivery;
    }
    if (instance != NULL) object_release(&instance->object);
    return request;
}

/* Gives a request that is ready to Go. Consumes it when the queue is full. */
static bool request_submit(border_request *request, refusal *why) {
    if (request->delivery != DELIVER_TO_CALLER) running_add(request);
    if (queue_push_bounded(&request->node)) return true;
    if (request->delivery != DELIVER_TO_CALLER) running_remove(request);
    atomic_fetch_add(&request->instance->rejected, 1);
    refuse_in_envelope(why, RTC_TOO_MANY_REQUESTS, "capacity_exceeded",
                       "too many concurrent requests (request queue full)");
    request_release(request);
    request_release(request);
    return false;
}

static bool cancel_push(uint64_t instance, uint64_t id) {
    cancel_node *cancel = malloc(sizeof *cancel);
    if (cancel == NULL) return false;
    *cancel = (cancel_node){.node.kind = BORDER_NODE_CANCEL, .instance = instance, .id = id};
    queue_push(&cancel->node);
    return true;
}

void node_describe(border_node *node, border_work *work) {
    memset(work, 0, sizeof *work);
    work->kind = node->kind;
    if (node->kind == BORDER_NODE_SOURCE) {
        work->id = source_node_taken(node);
        return;
    }
    if (node->kind == BORDER_NODE_CANCEL) {
        cancel_node *cancel = (cancel_node *)node;
        work->instance = cancel->instance;
        work->id = cancel->id;
        free(cancel);
        return;
    }
    border_request *request = (border_request *)node;
    work->request = request;
    work->instance = request->instance == NULL ? 0 : request->instance->object.handle;
    work->id = request->id;
    work->tag = (const char *)request->bytes;
    work->tag_size = request->tag_size;
    work->payload = request->bytes + request->tag_size + 1;
    work->payload_size = request->payload_size;
}

/* ---- Back to the host -------------------------------------------------------------------------------------------- */

static void run_callback(dispatch_item *item, bool deliver) {
    border_request *request = (border_request *)((char *)item - offsetof(border_request, item));
    if (deliver)
        request->callback(request->context, request->id, request->answer, request->answer_size, request->code);
    request_release(request);
}

static bool answer_caller(border_request *request) {
    uint32_t state = atomic_load(&request->state);
    do {
        if (state == ABANDONED) return false;
    } while (!atomic_compare_exchange_weak(&request->state, &state, ANSWERED));
    if (state == SLEEPING) futex_wake_all(&request->state);
    return true;
}

bool border_answer(void *opaque, uint32_t code, const void *data, size_t size) {
    border_request *request = opaque;
    bool delivered = true;
    request->code = code;
    /* At least one byte: every block handed out has a capacity. */
    request->answer = malloc(size > 0 ? size : 1);
    if (request->answer != NULL) {
        if (size > 0) memcpy(request->answer, data, size);
        request->answer_size = size;
    } else {
        request->code = RTC_INTERNAL;
    }

    if (request->delivery == DELIVER_TO_CALLER) {
        /* The work is over, whoever still has to look at the answer. */
        if (request->permit) {
            request->permit = false;
            instance_release_permit(request->instance);
        }
        delivered = answer_caller(request);
        request_release(request);
        return delivered;
    }

    running_remove(request);
    if (request->delivery == DELIVER_BY_RECORD) {
        records_add_completion(request->instance, request);
    } else {
        request->item = (dispatch_item){.instance = request->instance, .run = run_callback};
        delivered = dispatcher_post(&request->item);
        if (!delivered) request_release(request);
    }
    request_release(request);
    return delivered;
}

static FfiBuffer buffer_of(uint32_t code, const char *text) {
    FfiBuffer buffer = {.error_code = code};
    size_t size = strlen(text);
    buffer.data = response_alloc(size);
    if (buffer.data == NULL) return buffer;
    memcpy(buffer.data, text, size);
    buffer.len = size;
    buffer.capacity = size > 0 ? size : 1;
    return buffer;
}

/* ---- Exports ----------------------------------------------------------------------------------------------------- */

FfiBuffer plugin_call(void *handle, const char *type_tag, const uint8_t *payload, size_t size) {
    refusal why;
    border_request *request = request_begin(handle, type_tag, payload, size, DELIVER_TO_CALLER, &why);
    if (request == NULL || !request_submit(request, &why)) return buffer_of(why.code, why.text);

    uint64_t deadline = deadline_after(request->instance->limits.call_timeout_ms);
    if (!request_wait(request, deadline)) {
        /* What the command has begun is undone, because nobody will hear of it. */
        cancel_push(request->instance->object.handle, request->id);
        request_release(request);
        refuse_in_envelope(&why, RTC_TIMEOUT, "deadline_exceeded", "request timed out");
        return buffer_of(why.code, why.text);
    }
    FfiBuffer buffer = {.data = request->answer, .error_code = request->code};
    if (buffer.data != NULL) {
        response_count(1);
        buffer.len = request->answer_size;
        buffer.capacity = buffer.len > 0 ? buffer.len : 1;
        request->answer = NULL;
    }
    request_release(request);
    return buffer;
}

uint64_t plugin_call_async(void *handle, const char *type_tag, const uint8_t *payload, size_t size,
                           plugin_completion_callback callback, void *context) {
    refusal why;
    if (callback != NULL && !process_is_forked() && !dispatcher_start()) {
        last_error_set("the thread for callbacks could not be started");
        return 0;
    }
    uint8_t delivery = callback != NULL ? DELIVER_BY_CALLBACK : DELIVER_BY_RECORD;
    border_request *request = request_begin(handle, type_tag, payload, size, delivery, &why);
    if (request != NULL) {
        uint64_t id = request->id;
        request->callback = callback;
        request->context = context;
        if (request_submit(request, &why)) return id;
    }
    last_error_set("%u: %s", why.code, why.text);
    return 0;
}

bool plugin_cancel_async(void *handle, uint64_t request_id) {
    border_instance *instance = object_acquire((uint64_t)(uintptr_t)handle, KIND_INSTANCE);
    if (instance == NULL) return false;
    pthread_mutex_lock(&instance->records.mutex);
    border_request *request = instance->running;
    while (request != NULL && request->id != request_id) request = request->next_running;
    bool running = request != NULL;
    bool first = running && !atomic_exchange(&request->cancelled, true);
    pthread_mutex_unlock(&instance->records.mutex);
    if (first) running = cancel_push(instance->object.handle, request_id);
    object_release(&instance->object);
    return running;
}

uint32_t request_run_internal(border_instance *instance, uint32_t kind, const uint8_t *payload, size_t size,
                              uint64_t deadline, char **text) {
    *text = NULL;
    border_request *request = request_new(instance, kind, "", 0, payload, size);
    if (request == NULL) return RTC_INTERNAL;
    queue_push(&request->node);
    if (!request_wait(request, deadline)) {
        request_release(request);
        return RTC_TIMEOUT;
    }
    uint32_t code = request->code;
    if (request->answer != NULL) *text = strndup((const char *)request->answer, request->answer_size);
    request_release(request);
    return code;
}
