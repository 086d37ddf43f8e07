/* process.c — what belongs to the process as a whole: signals, fork, exit, errors of a thread, memory handed out. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "core.h"

#ifndef RTC_VERSION
#define RTC_VERSION "0.1.0"
#endif

static _Atomic bool forked;
static _Atomic bool exiting;
static _Alignas(CACHE_LINE) _Atomic int64_t live_responses;
static __thread char last_error[512];

static void after_fork_in_child(void) {
    atomic_store(&forked, true);
}

void process_signals(sigset_t *signals) {
    static const int of_a_thread[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF, SIGURG};
    sigfillset(signals);
    for (size_t i = 0; i < sizeof of_a_thread / sizeof *of_a_thread; i++) sigdelset(signals, of_a_thread[i]);
}

/*
 * Go's monitor thread looks around every 20 µs while anything runs. With this much latitude its timers fall together,
 * and those of media with them, which saves a third of what receiving speech costs; Go's own timers are of whole ms.
 */
enum { TIMER_SLACK_NS = 500000 };

/*
 * Threads take name, blocked signals and timer slack of the thread that makes them. Go's first one is made by the loading
 * thread, between these two constructors, and the others descend from it; so that thread is for a moment as they are to
 * be. It blocks what is meant for the host: its handlers would run on goroutines' stacks. Only SIGCHLD and the real-time
 * signals come through, which Go unblocks on each of its threads.
 */
static char loading_thread[16];
static sigset_t loading_signals;
static int loading_slack;

__attribute__((constructor(101))) static void before_go(void) {
    sigset_t blocked;
    process_signals(&blocked);
    pthread_sigmask(SIG_BLOCK, &blocked, &loading_signals);
    prctl(PR_GET_NAME, loading_thread, 0, 0, 0);
    prctl(PR_SET_NAME, "rtc-go", 0, 0, 0);
    loading_slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
}

__attribute__((constructor)) static void after_go(void) {
    prctl(PR_SET_NAME, loading_thread, 0, 0, 0);
    pthread_sigmask(SIG_SETMASK, &loading_signals, NULL);
    if (loading_slack > 0) prctl(PR_SET_TIMERSLACK, loading_slack, 0, 0, 0);
    pthread_atfork(NULL, NULL, after_fork_in_child);
}

__attribute__((destructor)) static void unloading(void) {
    atomic_store(&exiting, true);
}

bool process_is_forked(void) {
    return atomic_load_explicit(&forked, memory_order_relaxed);
}

bool process_exits(void) {
    return atomic_load(&exiting);
}

/* ---- The signal with which .NET suspends its threads ------------------------------------------------------------- */

int32_t rtc_signal_exposed(void) {
    struct sigaction action;
    return sigaction(SIGRTMIN, NULL, &action) == 0 && (action.sa_flags & SA_ONSTACK) != 0;
}

int32_t rtc_signal_protect(void) {
    struct sigaction action;
    if (sigaction(SIGRTMIN, NULL, &action) != 0) return -errno;
    if ((action.sa_flags & SA_ONSTACK) == 0) return 0;
    action.sa_flags &= ~SA_ONSTACK;
    return sigaction(SIGRTMIN, &action, NULL) == 0 ? 1 : -errno;
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

void last_error_set(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
}

const char *rtc_last_error(void) {
    return last_error;
}

const char *rtc_version(void) {
    return RTC_VERSION;
}

/* ---- Memory handed to hosts -------------------------------------------------------------------------------------- */

void *response_alloc(size_t size) {
    void *block = malloc(size > 0 ? size : 1);
    if (block != NULL) response_count(1);
    return block;
}

void response_count(int64_t change) {
    atomic_fetch_add_explicit(&live_responses, change, memory_order_relaxed);
}

uint64_t rtc_live_allocations(void) {
    return (uint64_t)atomic_load(&live_responses);
}

static void response_free(void *block) {
    free(block);
    response_count(-1);
}

void plugin_free_buffer(FfiBuffer *buffer) {
    if (buffer == NULL) return;
    if (buffer->data != NULL && buffer->capacity > 0) response_free(buffer->data);
    buffer->data = NULL;
    buffer->len = buffer->capacity = 0;
}

void rb_response_free(RbResponse *response) {
    if (response == NULL) return;
    if (response->data != NULL && response->capacity > 0) response_free(response->data);
    response->data = NULL;
    response->len = response->capacity = 0;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

bool utf8_valid(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size;) {
        uint8_t lead = bytes[i];
        if (lead < 0x80) {
            i++;
            continue;
        }
        size_t more = lead >= 0xC2 && lead < 0xE0 ? 1 : (lead & 0xF0) == 0xE0 ? 2 : lead >= 0xF0 && lead < 0xF5 ? 3 : 0;
        if (more == 0 || size - i <= more) return false;
        /* The first continuation byte rules out overlong forms, surrogates and what lies above U+10FFFF. */
        uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (bytes[i + 1] < low || bytes[i + 1] > high) return false;
        for (size_t k = 2; k <= more; k++)
            if ((bytes[i + k] & 0xC0) != 0x80) return false;
        i += more + 1;
    }
    return true;
}
