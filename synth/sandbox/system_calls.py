"""The system calls that a program in the sandbox may make; everything else fails with EPERM, as if the kernel did not have it.

A list of what is allowed, not of what is forbidden, so that what later kernels add stays out. Missing on purpose: `socket` and its kin
(no network, not even to other programs), `fork`, `clone` and `execve` (one program is one process), `ptrace`, `process_vm_*`, `pidfd_*`
(nobody else's memory), `memfd_create` (memory that no limit counts), `prctl`, `seccomp`, `mount`, `unshare`, `bpf`, `io_uring_*`, `keyctl`,
`chown` and `mknod`. Signals and limits may be sent to and set for the program itself alone.

The filter is compiled and loaded by libseccomp, which knows each processor's numbers and refuses calls of another architecture.
Runs inside the sandbox: it may import nothing but the standard library.
"""

import ctypes
import errno
import os

ALLOWED = (
    # files, in the one folder that can be written
    "access chdir chmod close close_range copy_file_range dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fchdir fchmod "
    "fchmodat fdatasync flock fstat fstatfs fsync ftruncate getcwd getdents getdents64 link linkat lseek lstat mkdir mkdirat "
    "newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv "
    "rename renameat renameat2 rmdir sendfile stat statfs statx symlink symlinkat truncate umask unlink unlinkat utimensat write "
    "writev "
    # waiting
    "clock_getres clock_gettime clock_nanosleep epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 futex "
    "gettimeofday nanosleep pause pipe pipe2 poll ppoll pselect6 sched_yield select time timerfd_create timerfd_settime "
    # memory, within the limit of the address space
    "brk madvise mincore mmap mprotect mremap msync munmap "
    # itself
    "alarm arch_prctl exit exit_group getegid geteuid getgid getgroups getitimer getpgid getpgrp getpid getppid getpriority "
    "getrandom getresgid getresuid getrlimit getrusage getsid gettid getuid restart_syscall rseq rt_sigaction rt_sigpending "
    "rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait sched_getaffinity sched_getparam sched_getscheduler set_robust_list "
    "set_tid_address setitimer sigaltstack sysinfo times uname "
).split()

FILE_COMMANDS = (0, 1, 2, 3, 4, 5, 6, 7, 1030)
"""Of `fcntl`: duplicate, flags, locks. Not F_SETOWN, by which a program could have the kernel signal its parent."""
TERMINAL_COMMANDS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Of `ioctl`: is it a terminal, its size, bytes waiting, non-blocking, close on exec or not. The numbers of x86 and ARM."""

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000  # SCMP_ACT_ALLOW; SCMP_ACT_ERRNO(0), to which the number of the error is added
_EQUAL = 4  # SCMP_CMP_EQ


class _Comparison(ctypes.Structure):
    """libseccomp's `struct scmp_arg_cmp`: argument number `arg` of the call, compared with `a`."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def confine() -> None:
    """Allow this thread, for good, nothing but the calls above; OSError if the kernel refuses.

    Must be called by the only thread of a process.
    """
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_REFUSE | errno.EPERM)))
    if not context:
        raise OSError(errno.ENOMEM, "libseccomp has no memory for a filter")
    own = os.getpid()
    for name in ALLOWED:
        _add(library, context, _ALLOW, name)
    for name in ("kill", "tgkill"):
        _add(library, context, _ALLOW, name, (0, own))
    _add(library, context, _ALLOW, "prlimit64", (0, 0))
    for command in FILE_COMMANDS:
        _add(library, context, _ALLOW, "fcntl", (1, command))
    for command in TERMINAL_COMMANDS:
        _add(library, context, _ALLOW, "ioctl", (1, command))
    # the C library falls back from clone3 to clone only where there is no such call
    _add(library, context, _REFUSE | errno.ENOSYS, "clone3")
    if status := library.seccomp_load(context):  # sets no_new_privs first
        raise OSError(-status, "the kernel takes no system call filter (seccomp)")
    library.seccomp_release(context)


def _add(library: ctypes.CDLL, context: ctypes.c_void_p, action: int, name: str, *where: tuple[int, int]) -> None:
    """One rule. A call that this processor or this libseccomp does not have is left out: it stays refused."""
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:
        return
    comparisons = (_Comparison * len(where))(*(_Comparison(argument, _EQUAL, value, 0) for argument, value in where))
    status = library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(where), comparisons)
    if status:
        raise OSError(-status, f"libseccomp takes no rule for {name}")
