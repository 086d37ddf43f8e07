/* dispatcher.c — the one thread that calls hosts back: log lines and completions, in the order they came. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "core.h"

typedef struct log_line {
    dispatch_item item;
    uint8_t level;
    uint64_t dropped_before;
    size_t memory;
    const char *message;
    size_t message_size;
    char bytes[]; /* target, NUL, message, NUL */
} log_line;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static dispatch_item *first;
static dispatch_item *last;
static bool started;

static __thread bool on_dispatcher;
static __thread border_instance *current; /* whose callback this thread runs */

/* ---- The thread -------------------------------------------------------------------------------------------------- */

static void run(dispatch_item *item, bool deliver) {
    border_instance *instance = item->instance;
    border_instance *outer = current;
    current = instance;
    object_retain(&instance->object);
    item->run(item, deliver && !process_exits());
    current = outer;
    atomic_fetch_sub(&instance->callbacks, 1);
    futex_wake_all(&instance->callbacks);
    object_release(&instance->object);
}

/* The oldest item, or the oldest of one instance. The mutex is held. */
static dispatch_item *take(const border_instance *instance) {
    dispatch_item *before = NULL;
    dispatch_item *item = first;
    while (item != NULL && instance != NULL && item->instance != instance) {
        before = item;
        item = item->next;
    }
    if (item == NULL) return NULL;
    if (before != NULL)
        before->next = item->next;
    else
        first = item->next;
    if (last == item) last = before;
    return item;
}

static void *dispatch(void *unused) {
    (void)unused;
    prctl(PR_SET_NAME, "rtc-callbacks", 0, 0, 0);
    on_dispatcher = true;
    pthread_mutex_lock(&mutex);
    for (;;) {
        dispatch_item *item = take(NULL);
        if (item == NULL) {
            pthread_cond_wait(&filled, &mutex);
            continue;
        }
        pthread_mutex_unlock(&mutex);
        run(item, true);
        pthread_mutex_lock(&mutex);
    }
    return NULL;
}

bool dispatcher_start(void) {
    pthread_mutex_lock(&mutex);
    if (!started) {
        sigset_t blocked;
        sigset_t before;
        pthread_t thread;
        process_signals(&blocked);
        sigdelset(&blocked, SIGRTMIN); /* this thread calls the host, and .NET suspends its threads with it */
        pthread_sigmask(SIG_SETMASK, &blocked, &before);
        started = pthread_create(&thread, NULL, dispatch, NULL) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (started) pthread_detach(thread);
    }
    bool running = started;
    pthread_mutex_unlock(&mutex);
    return running;
}

/* ---- Queueing ---------------------------------------------------------------------------------------------------- */

static bool post_locked(dispatch_item *item) {
    if (item->instance->callbacks_closed) return false;
    atomic_fetch_add(&item->instance->callbacks, 1);
    item->next = NULL;
    if (last != NULL)
        last->next = item;
    else
        first = item;
    last = item;
    pthread_cond_signal(&filled);
    return true;
}

bool dispatcher_post(dispatch_item *item) {
    pthread_mutex_lock(&mutex);
    bool posted = post_locked(item);
    pthread_mutex_unlock(&mutex);
    return posted;
}

static dispatch_item *take_of(const border_instance *instance) {
    pthread_mutex_lock(&mutex);
    dispatch_item *item = take(instance);
    pthread_mutex_unlock(&mutex);
    return item;
}

bool dispatcher_close(border_instance *instance, uint64_t deadline) {
    pthread_mutex_lock(&mutex);
    instance->callbacks_closed = true;
    pthread_mutex_unlock(&mutex);

    dispatch_item *item;
    if (on_dispatcher) {
        /* A callback shuts its own library down: what is queued runs here, and that callback is not waited for. */
        while (now_ns() < deadline && (item = take_of(instance)) != NULL) run(item, true);
    } else {
        uint32_t left;
        while ((left = atomic_load(&instance->callbacks)) != 0)
            if (!futex_wait(&instance->callbacks, left, deadline)) break;
    }
    bool quiet = true;
    while ((item = take_of(instance)) != NULL) {
        run(item, false);
        quiet = false;
    }
    return quiet && atomic_load(&instance->callbacks) == (on_dispatcher && current == instance ? 1u : 0u);
}

/* ---- Log lines --------------------------------------------------------------------------------------------------- */

static void log_callback(log_line *line, uint8_t level, const char *message, size_t size) {
    line->item.instance->log(level, line->bytes, (const uint8_t *)message, size);
}

static void run_log_line(dispatch_item *item, bool deliver) {
    log_line *line = (log_line *)item;
    pthread_mutex_lock(&mutex);
    item->instance->log_bytes -= line->memory;
    pthread_mutex_unlock(&mutex);
    if (deliver && line->dropped_before > 0) {
        char note[64];
        int size = snprintf(note, sizeof note, "log lines dropped count=%llu", (unsigned long long)line->dropped_before);
        log_callback(line, RTC_LOG_WARN, note, (size_t)size);
    }
    if (deliver) log_callback(line, line->level, line->message, line->message_size);
    border_instance *instance = item->instance;
    free(line);
    object_release(&instance->object);
}

static log_line *log_line_new(border_instance *instance, uint32_t level, const char *target, size_t target_size,
                              const char *message, size_t size) {
    if (size > MAX_LOG_LINE_BYTES) size = MAX_LOG_LINE_BYTES;
    if (target_size > MAX_TAG_BYTES) target_size = MAX_TAG_BYTES;
    size_t memory = sizeof(log_line) + target_size + 1 + size + 1;
    log_line *line = malloc(memory);
    if (line == NULL) return NULL;
    *line = (log_line){.item = {.instance = instance, .run = run_log_line}, .level = (uint8_t)level, .memory = memory,
                       .message_size = size, .message = line->bytes + target_size + 1};
    memcpy(line->bytes, target, target_size);
    line->bytes[target_size] = 0;
    memcpy(line->bytes + target_size + 1, message, size);
    line->bytes[target_size + 1 + size] = 0;
    return line;
}

void border_log(uint64_t handle, uint32_t level, const char *target, size_t target_size, const char *message,
                size_t size) {
    border_instance *instance = object_acquire(handle, KIND_INSTANCE);
    if (instance == NULL) return;
    log_line *line = NULL;
    if (instance->log != NULL && level < RTC_LOG_OFF && level >= atomic_load(&instance->log_level))
        line = log_line_new(instance, level, target, target_size, message, size);
    bool posted = false;
    if (line != NULL) {
        pthread_mutex_lock(&mutex);
        if (instance->log_bytes + line->memory > MAX_QUEUED_LOG_BYTES) {
            instance->log_lines_dropped++;
        } else {
            line->dropped_before = instance->log_lines_dropped;
            posted = post_locked(&line->item);
        }
        if (posted) {
            instance->log_bytes += line->memory;
            instance->log_lines_dropped = 0;
        }
        pthread_mutex_unlock(&mutex);
    }
    if (posted) return; /* the line keeps the reference */
    free(line);
    object_release(&instance->object);
}
