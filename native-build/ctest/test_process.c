/* What concerns the whole process: fork, exit, signals. */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

static void ignore_log(uint8_t level, const char *target, const uint8_t *message, size_t len) {
    (void)level, (void)target, (void)message, (void)len;
}

/* Every thread of the library tells whose it is, and the host's keep their names. */
static void thread_names(void) {
    void *handle = plugin_init(plugin_create(), NULL, 0, ignore_log);
    CHECK(handle != NULL);
    host_do(handle, "test.sleep", "{}");
    int go = 0, callbacks = 0, reserve = 0, host = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    struct dirent *task;
    while ((task = readdir(tasks)) != NULL) {
        char path[300], name[16] = {0};
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file == NULL) continue;
        CHECK(fgets(name, sizeof name, file) != NULL);
        fclose(file);
        if (strcmp(name, "rtc-go\n") == 0) go++;
        else if (strcmp(name, "rtc-callbacks\n") == 0) callbacks++;
        else if (strcmp(name, "rtc-reserve\n") == 0) reserve++;
        else host++;
    }
    closedir(tasks);
    CHECK_INT(host, 1);
    CHECK_INT(callbacks, 1);
    CHECK_INT(reserve, 8);
    CHECK(go > 1);
    host_stop(handle);
}

static long timer_slack(const char *thread) {
    char path[300];
    long slack = -1;
    snprintf(path, sizeof path, "/proc/%s/timerslack_ns", thread);
    FILE *file = fopen(path, "r");
    if (file == NULL) return -1;
    CHECK(fscanf(file, "%ld", &slack) == 1);
    fclose(file);
    return slack;
}

/*
 * What a signal does to the process is the host's business: Go's threads take none but those of their own and SIGCHLD.
 * Their timers have latitude, the host's keep what they have.
 */
static void threads_of_go(void) {
    static const int of_the_host[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCONT, SIGWINCH, SIGUSR1, SIGUSR2, SIGALRM};
    int seen = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    struct dirent *task;
    while ((task = readdir(tasks)) != NULL) {
        char path[300], line[256];
        unsigned long long blocked = 0;
        bool go = false, reserve = false;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file == NULL) continue;
        while (fgets(line, sizeof line, file) != NULL) {
            if (strcmp(line, "Name:\trtc-go\n") == 0) go = true;
            if (strcmp(line, "Name:\trtc-reserve\n") == 0) reserve = true;
            sscanf(line, "SigBlk: %llx", &blocked);
        }
        fclose(file);
        for (size_t i = 0; i < sizeof of_the_host / sizeof *of_the_host; i++) {
            if (go || reserve) CHECK((blocked >> (of_the_host[i] - 1) & 1) == 1);
        }
        if (go) CHECK((blocked >> (SIGURG - 1) & 1) == 0);
        long slack = timer_slack(task->d_name);
        if (slack >= 0) CHECK_INT(slack, go || reserve ? 500000 : 50000);
        seen += go;
    }
    closedir(tasks);
    CHECK(seen > 1);
    sigset_t own;
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &own) == 0);
    CHECK(!sigismember(&own, SIGTERM));
}

static int wait_for_child(pid_t child) {
    double until = seconds() + 20;
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (seconds() > until) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            CHECK(!"the child hangs");
        }
        usleep(2000);
    }
    return status;
}

/* A forked child has no Go: everything answers at once, nothing hangs. */
static void in_the_fork(void *handle) {
    uint8_t buffer[64];
    size_t size;
    answer a = host_call(handle, "echo", "{}");
    CHECK_INT(a.code, RTC_RUNTIME_ERROR);
    answer_free(&a);
    CHECK(plugin_create() == NULL);
    CHECK(strstr(rtc_last_error(), "forked") != NULL);
    CHECK_INT(plugin_call_async(handle, "echo", NULL, 0, NULL, NULL), 0);
    CHECK_INT(rtc_poll(handle, buffer, sizeof buffer, -1, &size), RTC_ENDED);
    CHECK_INT(rtc_source_write(1, buffer, 1), RTC_ENDED);
    CHECK_INT(rtc_sink_read(1, buffer, 1), RTC_ENDED);
    CHECK(!plugin_shutdown(handle));
    _exit(42);
}

static void forks(void) {
    void *handle = host_start(NULL);
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) in_the_fork(handle);
    int status = wait_for_child(child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 42);
    host_do(handle, "test.sleep", "{}"); /* the parent is unharmed */
    host_stop(handle);
}

static void ignore_completion(void *context, uint64_t id, const uint8_t *data, size_t len, uint32_t code) {
    (void)context, (void)id, (void)data, (void)len, (void)code;
}

static void *keep_busy(void *handle) {
    static const char emit[] = "{\"session\":1,\"count\":10,\"size\":10}";
    static const char log[] = "{\"count\":3}";
    for (;;) {
        plugin_call_async(handle, "test.emit", (const uint8_t *)emit, strlen(emit), ignore_completion, NULL);
        FfiBuffer buffer = plugin_call(handle, "test.log", (const uint8_t *)log, strlen(log));
        plugin_free_buffer(&buffer);
    }
    return NULL;
}

/* The child of exits(): leaves main while everything runs. */
int run_and_exit(void) {
    void *handle = plugin_init(plugin_create(), NULL, 0, ignore_log);
    CHECK(handle != NULL);
    pthread_t thread;
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&thread, NULL, keep_busy, handle) == 0);
    for (int i = 0; i < 20; i++) host_do(handle, "test.sleep", "{\"ms\":1}");
    return 43;
}

static void exits(const char *program) {
    for (int round = 0; round < 10; round++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            execl(program, program, "run-and-exit", (char *)NULL);
            _exit(1);
        }
        int status = wait_for_child(child);
        CHECK(WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), 43);
    }
}

static void on_signal(int number) {
    (void)number;
}

static void signals(void) {
    /* Nothing to do until somebody has a handler with SA_ONSTACK, as Go makes of each one it finds. */
    CHECK_INT(rtc_signal_exposed(), 0);
    CHECK_INT(rtc_signal_protect(), 0);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART};
    CHECK(sigaction(SIGRTMIN, &action, NULL) == 0);
    CHECK_INT(rtc_signal_exposed(), 1);
    CHECK_INT(rtc_signal_protect(), 1);
    CHECK_INT(rtc_signal_exposed(), 0);
    CHECK_INT(rtc_signal_protect(), 0);
    struct sigaction now;
    CHECK(sigaction(SIGRTMIN, NULL, &now) == 0);
    CHECK(now.sa_handler == on_signal);
    CHECK_INT(now.sa_flags & (SA_ONSTACK | SA_RESTART), SA_RESTART);
    action.sa_handler = SIG_DFL;
    CHECK(sigaction(SIGRTMIN, &action, NULL) == 0);
    CHECK_INT(rtc_signal_protect(), 1);
}

void test_process(const char *program) {
    if (host_has_go()) {
        thread_names();
        threads_of_go();
    }
    signals();
    forks();
    exits(program);
}
