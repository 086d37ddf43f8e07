/* queue.c — the way into Go: many host threads push, one goroutine takes. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core.h"

/*
 * Producers push onto a lock-free stack; Go takes the whole stack at once and turns it round, so there is no ABA
 * problem and no lock that a descheduled thread could hold. Before Go has started it counts as awake: what is queued
 * then is found by its first look.
 */
static _Alignas(CACHE_LINE) border_node *_Atomic newest;
static _Alignas(CACHE_LINE) _Atomic bool go_sleeps;
static _Alignas(CACHE_LINE) _Atomic uint32_t queued;
static _Atomic int descriptor = -1;

/* Of the goroutine alone. */
enum { BATCH = 64, HOT_GAP_NS = 100000, WATCH_NS = 25000 };
static border_node *taken; /* oldest first */

int border_open(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) return -errno;
    atomic_store(&descriptor, fd);
    return fd;
}

void queue_push(border_node *node) {
    node->next = atomic_load_explicit(&newest, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&newest, &node->next, node)) {
    }
    if (atomic_load(&go_sleeps) && atomic_exchange(&go_sleeps, false)) {
        uint64_t one = 1;
        /* Cannot fail: the counter is never near its limit. */
        ssize_t written = write(atomic_load(&descriptor), &one, sizeof one);
        (void)written;
    }
}

bool queue_push_bounded(border_node *node) {
    if (atomic_fetch_add_explicit(&queued, 1, memory_order_relaxed) >= MAX_QUEUED_REQUESTS) {
        atomic_fetch_sub_explicit(&queued, 1, memory_order_relaxed);
        return false;
    }
    queue_push(node);
    return true;
}

static border_node *take_all_in_order(void) {
    border_node *node = atomic_exchange(&newest, NULL);
    border_node *ordered = NULL;
    while (node != NULL) {
        border_node *next = node->next;
        node->next = ordered;
        ordered = node;
        node = next;
    }
    return ordered;
}

/* Calls that follow each other closely are worth watching for: waking Go costs ten times more. */
static bool is_hot;
static uint64_t last_call;

static void note_call(void) {
    uint64_t now = now_ns();
    is_hot = now - last_call < HOT_GAP_NS;
    last_call = now;
}

/* Watches the queue for a moment. */
static bool watch(void) {
    static spin_trust trust = {.level = SPIN_FULL_TRUST};
    uint64_t now = now_ns();
    if (!is_hot || now - last_call > HOT_GAP_NS || !spin_pays(&trust)) return false;
    uint64_t until = now + WATCH_NS;
    bool came = false;
    do {
        for (int i = 0; i < 32 && !came; i++) {
            spin_pause();
            came = atomic_load_explicit(&newest, memory_order_relaxed) != NULL;
        }
    } while (!came && now_ns() < until);
    spin_learn(&trust, came);
    return came;
}

size_t border_take(const border_work **work) {
    static border_work batch[BATCH];
    *work = batch;
    size_t count = 0;
    while (count < BATCH) {
        if (taken == NULL && (taken = take_all_in_order()) == NULL) {
            if (count > 0 || !watch()) break;
            continue;
        }
        border_node *node = taken;
        taken = node->next;
        if (node->kind == BORDER_NODE_CALL) {
            atomic_fetch_sub_explicit(&queued, 1, memory_order_relaxed);
            note_call();
        }
        node_describe(node, &batch[count++]);
    }
    return count;
}

bool border_sleep(void) {
    atomic_store(&go_sleeps, true);
    if (taken == NULL && atomic_load(&newest) == NULL) return true;
    atomic_store(&go_sleeps, false);
    return false;
}
