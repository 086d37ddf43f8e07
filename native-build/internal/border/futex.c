/* futex.c — waiting with a deadline, and spinning before it. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core.h"

enum { SPIN_NS = 20000, SPINS_PER_LOOK = 32, SPIN_RETRY = 64 };

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t deadline_after(int64_t timeout_ms) {
    return timeout_ms < 0 ? UINT64_MAX : now_ns() + (uint64_t)timeout_ms * UINT64_C(1000000);
}

bool futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
    struct timespec until = {(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
    /* The bitset form takes an absolute time of the monotonic clock. */
    long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                          deadline == UINT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    return !(result < 0 && errno == ETIMEDOUT);
}

void futex_wake_all(_Atomic uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX, NULL, NULL, 0);
}

/* More spinners than spare cores would only keep Go from running. */
static bool core_is_spare(int spinners) {
    static _Atomic int spare = -1;
    int known = atomic_load_explicit(&spare, memory_order_relaxed);
    if (known < 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        known = cores > 1 ? (int)cores - 1 : 0;
        atomic_store_explicit(&spare, known, memory_order_relaxed);
    }
    return spinners < known;
}

/*
 * Spinning pays only while both sides have a core of their own. On a busy machine the other side may be waiting for
 * this very core, so what spins in vain soon stops, and tries again now and then.
 */
bool spin_pays(spin_trust *trust) {
    if (atomic_load_explicit(&trust->level, memory_order_relaxed) > 0) return true;
    return atomic_fetch_add_explicit(&trust->skipped, 1, memory_order_relaxed) % SPIN_RETRY == 0;
}

void spin_learn(spin_trust *trust, bool worked) {
    int level = atomic_load_explicit(&trust->level, memory_order_relaxed);
    int next = worked ? (level < SPIN_FULL_TRUST ? level + 1 : level) : (level > 1 ? level - 2 : 0);
    if (next != level) atomic_store_explicit(&trust->level, next, memory_order_relaxed);
}

bool spin_while(_Atomic uint32_t *word, uint32_t expected) {
    static spin_trust trust = {.level = SPIN_FULL_TRUST};
    static _Alignas(CACHE_LINE) _Atomic int spinners;
    if (!spin_pays(&trust)) return false;
    bool changed = false;
    if (core_is_spare(atomic_fetch_add_explicit(&spinners, 1, memory_order_relaxed))) {
        uint64_t until = now_ns() + SPIN_NS;
        do {
            for (int i = 0; i < SPINS_PER_LOOK && !changed; i++) {
                spin_pause();
                changed = atomic_load_explicit(word, memory_order_acquire) != expected;
            }
        } while (!changed && now_ns() < until);
        spin_learn(&trust, changed);
    }
    atomic_fetch_sub_explicit(&spinners, 1, memory_order_relaxed);
    return changed;
}
