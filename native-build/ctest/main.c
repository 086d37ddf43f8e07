/* Runs the tests of the border against the library this program was linked with. */
#include <unistd.h>

#include "host.h"

int main(int argc, char **argv) {
    alarm(300); /* a hang is a failure */
    if (argc > 1 && strcmp(argv[1], "run-and-exit") == 0) return run_and_exit();
    static const struct { const char *name; void (*run)(void); } tests[] = {
        {"calls", test_calls}, {"async", test_async}, {"records", test_records},
        {"media", test_media}, {"lifecycle", test_lifecycle},
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (argc > 1 && strcmp(argv[1], tests[i].name) != 0) continue;
        double start = seconds();
        tests[i].run();
        printf("ok %-10s %6.2f s\n", tests[i].name, seconds() - start);
        fflush(stdout);
    }
    if (argc == 1) {
        test_process("/proc/self/exe");
        printf("ok process\n");
    }
    CHECK_INT(rtc_live_allocations(), 0);
    return 0;
}
