/* records.c — events, completions and notices on their way to rtc_poll. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

void records_destroy(border_records *records) {
    ring_free(&records->events);
    pthread_mutex_destroy(&records->mutex);
}

/* Unlocks, and wakes the poller when it waits. */
static void unlock_and_wake(border_records *records) {
    bool wake = records->poller_waits;
    if (wake) {
        records->poller_waits = false;
        atomic_fetch_add(&records->wakeups, 1);
    }
    pthread_mutex_unlock(&records->mutex);
    if (wake) futex_wake_all(&records->wakeups);
}

static bool is_empty(const border_records *records) {
    return records->events.count == 0 && records->first_completion == NULL && records->first_notice == NULL;
}

bool records_end(border_instance *instance) {
    border_records *records = &instance->records;
    pthread_mutex_lock(&records->mutex);
    records->ended = true;
    bool empty = is_empty(records);
    unlock_and_wake(records);
    return empty;
}

bool border_event(uint64_t handle, uint64_t session, const void *payload, size_t size) {
    border_instance *instance = object_acquire(handle, KIND_INSTANCE);
    if (instance == NULL) return false;
    border_records *records = &instance->records;
    rtc_record head = {.size = (uint32_t)size, .kind = RTC_RECORD_EVENT, .id = session};
    size_t dropped = 0;
    size_t dropped_bytes = 0;

    pthread_mutex_lock(&records->mutex);
    bool queued = !records->ended && ring_push(&records->events, head, payload, &dropped, &dropped_bytes);
    records->events_dropped += dropped;
    unlock_and_wake(records);
    object_release(&instance->object);
    return queued;
}

void records_add_completion(border_instance *instance, border_request *request) {
    border_records *records = &instance->records;
    pthread_mutex_lock(&records->mutex);
    bool ended = records->ended;
    if (!ended) {
        if (records->last_completion != NULL)
            records->last_completion->next_completion = request;
        else
            records->first_completion = request;
        records->last_completion = request;
    }
    unlock_and_wake(records);
    if (ended) request_release(request);
}

void stream_notify(border_stream *stream, uint8_t notice) {
    border_records *records = &stream->instance->records;
    pthread_mutex_lock(&records->mutex);
    if (!records->ended) {
        stream->notices |= notice;
        if (!stream->in_notices) {
            object_retain(&stream->object);
            stream->in_notices = true;
            stream->next_notice = NULL;
            if (records->last_notice != NULL)
                records->last_notice->next_notice = stream;
            else
                records->first_notice = stream;
            records->last_notice = stream;
        }
    }
    unlock_and_wake(records);
}

/* ---- Taking ------------------------------------------------------------------------------------------------------ */

static size_t put_head(uint8_t *buffer, size_t size, uint8_t kind, uint64_t id) {
    rtc_record head = {.size = (uint32_t)size, .kind = kind, .id = id};
    memcpy(buffer, &head, sizeof head);
    return sizeof head;
}

/* A notice that was taken is over: one queued from now on is news. */
static uint8_t next_notice_kind(border_stream *stream) {
    if ((stream->notices & NOTICE_READY) != 0) {
        stream->notices &= (uint8_t)~NOTICE_READY;
        return RTC_RECORD_SINK_READY;
    }
    if ((stream->notices & NOTICE_WRITABLE) != 0) {
        stream->notices &= (uint8_t)~NOTICE_WRITABLE;
        return RTC_RECORD_SOURCE_WRITABLE;
    }
    stream->notices &= (uint8_t)~NOTICE_ENDED;
    return RTC_RECORD_SOURCE_ENDED;
}

static size_t take_notices(border_records *records, uint8_t *buffer, size_t capacity, border_stream **finished) {
    size_t size = 0;
    border_stream *stream;
    while ((stream = records->first_notice) != NULL && capacity - size >= sizeof(rtc_record)) {
        size += put_head(buffer + size, 0, next_notice_kind(stream), stream->object.handle);
        if (stream->notices != 0) continue;
        records->first_notice = stream->next_notice;
        if (records->first_notice == NULL) records->last_notice = NULL;
        stream->in_notices = false;
        stream->next_notice = *finished;
        *finished = stream;
    }
    return size;
}

static size_t completion_payload(const border_request *request) {
    return sizeof(uint32_t) + request->answer_size;
}

/* Takes off the list what fits, to be copied without the mutex: an answer may be large. */
static border_request *take_completions(border_records *records, size_t capacity) {
    border_request *taken = records->first_completion;
    border_request **end = &taken;
    while (*end != NULL) {
        size_t size = record_bytes(completion_payload(*end));
        if (capacity < size) break;
        capacity -= size;
        end = &(*end)->next_completion;
    }
    records->first_completion = *end;
    if (*end == NULL) records->last_completion = NULL;
    *end = NULL;
    return taken;
}

static size_t put_completion(uint8_t *buffer, const border_request *request) {
    size_t payload = completion_payload(request);
    size_t size = record_bytes(payload);
    uint8_t *place = buffer + put_head(buffer, payload, RTC_RECORD_COMPLETION, request->id);
    memcpy(place, &request->code, sizeof request->code);
    if (request->answer_size > 0) memcpy(place + sizeof request->code, request->answer, request->answer_size);
    memset(place + payload, 0, size - sizeof(rtc_record) - payload);
    return size;
}

/* Bytes the next record needs, 0 when there is none. */
static size_t next_record(const border_records *records) {
    if (records->first_notice != NULL) return sizeof(rtc_record);
    if (records->first_completion != NULL) return record_bytes(completion_payload(records->first_completion));
    const rtc_record *event = ring_peek(&records->events);
    return event == NULL ? 0 : record_bytes(event->size);
}

/* Events are copied piece by piece, so that those who add some do not wait for all of it. A completion that comes in
 * between is older than the events behind it. */
static size_t take_events(border_records *records, uint8_t *buffer, size_t capacity) {
    size_t size = 0;
    while (records->first_completion == NULL) {
        size_t piece = capacity - size < COPY_CHUNK_BYTES ? capacity - size : COPY_CHUNK_BYTES;
        size_t got = ring_take(&records->events, buffer + size, piece);
        /* One record may be larger than a piece. */
        if (got == 0 && piece < capacity - size) got = ring_take(&records->events, buffer + size, capacity - size);
        if (got == 0) break;
        size += got;
        pthread_mutex_unlock(&records->mutex);
        pthread_mutex_lock(&records->mutex);
    }
    return size;
}

/* Called and left with the mutex held. */
static size_t take(border_records *records, uint8_t *buffer, size_t capacity) {
    border_stream *streams = NULL;
    size_t size = take_notices(records, buffer, capacity, &streams);
    border_request *requests = take_completions(records, capacity - size);
    if (streams != NULL || requests != NULL) {
        pthread_mutex_unlock(&records->mutex);
        while (streams != NULL) {
            border_stream *next = streams->next_notice;
            object_release(&streams->object);
            streams = next;
        }
        while (requests != NULL) {
            border_request *next = requests->next_completion;
            size += put_completion(buffer + size, requests);
            request_release(requests);
            requests = next;
        }
        pthread_mutex_lock(&records->mutex);
    }
    return size + take_events(records, buffer + size, capacity - size);
}

static int32_t poll(border_instance *instance, uint8_t *buffer, size_t capacity, uint64_t deadline, size_t *size_out) {
    border_records *records = &instance->records;
    int32_t result = RTC_OK;
    bool in_time = true;
    pthread_mutex_lock(&records->mutex);
    for (;;) {
        size_t wanted = next_record(records);
        if (wanted > capacity) {
            *size_out = wanted;
            result = RTC_TOO_SMALL;
            break;
        }
        if (wanted > 0) {
            *size_out = take(records, buffer, capacity);
            break;
        }
        if (records->ended) {
            result = RTC_ENDED;
            break;
        }
        if (!in_time) break;
        uint32_t seen = atomic_load(&records->wakeups);
        records->poller_waits = true;
        pthread_mutex_unlock(&records->mutex);
        in_time = futex_wait(&records->wakeups, seen, deadline);
        pthread_mutex_lock(&records->mutex);
        records->poller_waits = false;
    }
    pthread_mutex_unlock(&records->mutex);
    return result;
}

int32_t rtc_poll(void *handle, uint8_t *buffer, size_t capacity, int32_t timeout_ms, size_t *size_out) {
    if (size_out == NULL || (buffer == NULL && capacity > 0)) return RTC_BAD_ARGUMENT;
    *size_out = 0;
    uint64_t number = (uint64_t)(uintptr_t)handle;
    border_instance *instance = object_acquire(number, KIND_INSTANCE);
    if (instance == NULL) return handle_is_dead(number) ? RTC_ENDED : RTC_BAD_HANDLE;

    int32_t result = RTC_BUSY;
    if (!atomic_exchange(&instance->polling, true)) {
        result = poll(instance, buffer, capacity, deadline_after(timeout_ms), size_out);
        atomic_store(&instance->polling, false);
        if (result == RTC_ENDED) object_close(&instance->object);
    }
    object_release(&instance->object);
    return result;
}
