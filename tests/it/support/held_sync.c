// Stands between the program and the kernel: while the file $HOLD exists, a sync waits for its end, and with $NO_CHMOD
// set, modes cannot be changed, as on a network share.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void hold(void) {
    const char *file = getenv("HOLD");
    char waits[4096];
    if (!file || access(file, F_OK))
        return;
    // The test sees that somebody waits.
    size_t length = 0;
    while (file[length] && length < sizeof waits - 9) {
        waits[length] = file[length];
        length++;
    }
    const char *end = ".waits";
    do
        waits[length++] = *end;
    while (*end++);
    if (mkdir(waits, 0700) && errno != EEXIST)
        abort();
    while (!access(file, F_OK))
        usleep(2000);
}

int fsync(int fd) {
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    hold();
    return next(fd);
}

int fdatasync(int fd) {
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    hold();
    return next(fd);
}

#define REFUSED(name, parameters, arguments)                                                                           \
    int name parameters {                                                                                              \
        int(*next) parameters = (int(*) parameters)dlsym(RTLD_NEXT, #name);                                            \
        if (!getenv("NO_CHMOD"))                                                                                       \
            return next arguments;                                                                                     \
        errno = EPERM;                                                                                                 \
        return -1;                                                                                                     \
    }

REFUSED(chmod, (const char *path, mode_t mode), (path, mode))
REFUSED(fchmod, (int fd, mode_t mode), (fd, mode))
REFUSED(fchmodat, (int folder, const char *path, mode_t mode, int flags), (folder, path, mode, flags))
