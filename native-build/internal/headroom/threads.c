/* threads.c — threads kept in reserve for when no more can be had. */
#define _GNU_SOURCE
#include "threads.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

enum {
    STACK_BYTES = 256 << 10, /* room for the host's thread-local storage; hardly any of it is ever touched */
    GIVEN_BACK_TRIES = 20,   /* of a millisecond: the kernel counts a thread for a moment after it has ended */
    PATIENCE_TRIES = 5000,
};

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* The linker makes these two of pthread_create (--wrap in the Makefile); in tests of Go it does not. */
create_function __real_pthread_create __attribute__((weak));
create_function __wrap_pthread_create;

typedef struct parked {
    pthread_t thread;
    sem_t leave;
} parked;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static parked threads[HEADROOM_RESERVE + HEADROOM_SPARE];
static int count;

static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    return (__real_pthread_create != NULL ? __real_pthread_create : pthread_create)(thread, attributes, run, argument);
}

static void *park(void *argument) {
    parked *self = argument;
    while (sem_wait(&self->leave) != 0) {
    }
    return NULL;
}

/* With the mutex held. */
static bool add(void) {
    parked *next = &threads[count];
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    sem_init(&next->leave, 0, 0);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all); /* signals are the business of other threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = create(&next->thread, &attributes, park, next) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (made) {
        pthread_setname_np(next->thread, "rtc-reserve");
        count++;
    }
    return made;
}

/* With the mutex held. */
static void drop(void) {
    parked *last = &threads[--count];
    sem_post(&last->leave);
    pthread_join(last->thread, NULL);
    sem_destroy(&last->leave);
}

static bool drop_one(void) {
    pthread_mutex_lock(&mutex);
    bool any = count > 0;
    if (any) drop();
    pthread_mutex_unlock(&mutex);
    return any;
}

int headroom_reserve(void) {
    pthread_mutex_lock(&mutex);
    while (count < HEADROOM_RESERVE && add()) {
    }
    int held = count;
    pthread_mutex_unlock(&mutex);
    return held;
}

bool headroom_threads_left(void) {
    pthread_mutex_lock(&mutex);
    while (count < HEADROOM_RESERVE + HEADROOM_SPARE && add()) {
    }
    bool enough = count == HEADROOM_RESERVE + HEADROOM_SPARE;
    while (count > HEADROOM_RESERVE) drop();
    pthread_mutex_unlock(&mutex);
    return enough;
}

int headroom_reserved(void) {
    pthread_mutex_lock(&mutex);
    int held = count;
    pthread_mutex_unlock(&mutex);
    return held;
}

static void pause_a_millisecond(void) {
    struct timespec millisecond = {.tv_nsec = 1000000};
    nanosleep(&millisecond, NULL);
}

/* Go gives up, and with it the process, after a fifth of a second; waiting for others' threads to end is better. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    int failed = create(thread, attributes, run, argument);
    for (int tries = 0; failed == EAGAIN && tries < PATIENCE_TRIES; tries++) {
        if (tries % GIVEN_BACK_TRIES == 0) drop_one();
        pause_a_millisecond();
        failed = create(thread, attributes, run, argument);
    }
    return failed;
}
