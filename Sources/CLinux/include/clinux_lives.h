/*
 * Actions of the tests for which libc has no function, or none that Swift can call. Nothing else uses this.
 */
#ifndef QUARK_CLINUX_LIVES_H
#define QUARK_CLINUX_LIVES_H

#include "clinux.h"

/* Forks like vfork(2) and executes `path` in the child, which exits with 127 on an error. Returns the pid, or -1. */
pid_t clinux_vfork_exec(const char *path, char *const arguments[], char *const environment[]);

/* Forks like vfork(2), and the child exits at once. Returns the pid, or -1. */
pid_t clinux_vfork_exit(int status);

/* fork(2), but the new process is a child of the caller's parent: CLONE_PARENT of clone(2). */
pid_t clinux_fork_sibling(void);

/* fork(2), but the child is in the control group of this descriptor: CLONE_INTO_CGROUP of clone3(2). */
pid_t clinux_fork_into(int cgroup);

/* Ends the calling thread, but not its process. */
void clinux_exit_thread(int status) __attribute__((noreturn));

/* Makes a memory file that stays open across an exec; as a program its name is memfd:NAME. -1 with errno. */
int clinux_memfd_named(const char *name);

/* 0, or -1 with errno: setresuid(2), setresgid(2). */
int clinux_set_uids(uid_t real, uid_t effective, uid_t saved);
int clinux_set_gids(gid_t real, gid_t effective, gid_t saved);

/* The CLONE_NEW… flags of namespaces(7). */
enum clinux_namespace {
	CLINUX_NEW_MNT = 0x00020000,
	CLINUX_NEW_UTS = 0x04000000,
	CLINUX_NEW_IPC = 0x08000000,
	CLINUX_NEW_PID = 0x20000000,
	CLINUX_NEW_NET = 0x40000000,
};
/* 0, or -1 with errno: unshare(2), setns(2). */
int clinux_unshare(unsigned int namespaces);
int clinux_enter(int fd);

/*
 * Sets the three sets of capabilities(7) of this thread, one bit each. 0, or -1 with errno. This does not change the
 * bounding set.
 */
int clinux_set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable);
/* Removes a capability from the bounding set. */
int clinux_drop_capability(int number);
int clinux_raise_ambient_capability(int number);

/* prctl(2). 0, or -1 with errno. */
int clinux_set_name(const char *name);
int clinux_become_subreaper(void);
/* Keeps capabilities when user ids change. */
int clinux_keep_capabilities(void);

/* Allows core dumps of up to `size` bytes. 0, or -1 with errno. */
int clinux_allow_core(uint64_t size);

/* Opens a pseudoterminal: returns its master's descriptor, and its slave's path in `name`. -1 with errno. pty(7) */
int clinux_open_pty(char *name, size_t size);
/* Makes it the terminal of this session. 0, or -1 with errno. */
int clinux_take_terminal(int fd);

/* A terminal's size, TIOCSWINSZ of ioctl_tty(2), and whether it echoes. 0, or -1 with errno. */
int clinux_set_window(int fd, unsigned short rows, unsigned short columns);
int clinux_set_echo(int fd, int echoes);

/* writev(2) of two pieces. The bytes written, or -1 with errno. */
ssize_t clinux_write_pieces(int fd, const void *first, size_t first_size, const void *second, size_t second_size);

/* Binds the calling thread, and its children, to one processor: sched_setaffinity(2). 0, or -1 with errno. */
int clinux_run_on(int cpu);

/* Removes a folder and its content. 0, or -1 with errno. */
int clinux_remove_tree(const char *path);

/* Kinds of BPF objects in the kernel that bpf(2) enumerates. */
enum clinux_bpf_object { CLINUX_BPF_PROGRAMS, CLINUX_BPF_MAPS, CLINUX_BPF_LINKS, CLINUX_BPF_TYPES };
/* The number of objects with an id above `id`; -1 with errno. Ids are ascending: later objects have larger ids. */
long clinux_bpf_count_above(enum clinux_bpf_object kind, unsigned int id);
/* The largest id in use, or 0. */
unsigned int clinux_bpf_last_id(enum clinux_bpf_object kind);

/* Removes the limit of locked memory and makes an array map of one value of 4 KiB. Its descriptor, or -1 with errno. */
int clinux_bpf_map(void);
/* Reads this value with bpf(2). 0, or -1 with errno. */
int clinux_bpf_look_up(int map);

/* Makes two connected local sockets that keep message boundaries, close-on-exec. 0, or -1 with errno. */
int clinux_socket_pair(int ends[2]);
/* Sends a descriptor through a local socket: unix(7). 0, or -1 with errno. */
int clinux_send_descriptor(int socket, int fd);
/* Receives such a descriptor, close-on-exec. -1 with errno; at the end of the stream errno is ENOTCONN. */
int clinux_receive_descriptor(int socket);
/* Makes the kernel send `signal` to the caller when its parent ends: prctl(2). 0, or -1 with errno. */
int clinux_end_with_parent(int signal);

/* Forks a child that executes `/bin/exit STATUS INDEX`, or exits with 127. Returns its pid, or -1 with errno. */
pid_t clinux_spawn_exit(int status, int index);

static inline int clinux_wcoredump(int status) { return WCOREDUMP(status); }

/* Makes the caller stop after its next exec: ptrace(2). Its parent then waits for it, and continues it. */
int clinux_stop_at_exec(void);
int clinux_wait_for_stop(pid_t child);	/* 0 if it stopped, otherwise -1 */
int clinux_continue(pid_t child);
/* The raw system call ptrace(2): data that it reads is thrown away. 0, or -1 with errno. */
int clinux_ptrace(long request, pid_t pid, unsigned long address, unsigned long data);

/* shmget(2), semget(2), msgget(2), and the IPC_RMID of each; memfd_create(2). -1 with errno. */
int clinux_shmget(int key, size_t size, int flags);
int clinux_shm_remove(int segment);
int clinux_semget(int key, int count, int flags);
int clinux_sem_remove(int semaphores);
int clinux_msgget(int key, int flags);
int clinux_msg_remove(int messages);
int clinux_memfd_create(const char *name, unsigned int flags);

/*
 * A system call as programs of 32 bits make it, by the number that it has for them. What it returns, or -1 with errno;
 * SIGSEGV if the kernel has none.
 */
int clinux_call_32(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e);
/* 4 KiB that pointers of 32 bits reach, always the same. */
char *clinux_low_memory(void);

/* finit_module(2), also of a file that is compressed, init_module(2), delete_module(2). -1 with errno. */
int clinux_load_module(int fd);
int clinux_load_packed_module(int fd);
int clinux_load_module_image(const void *image, size_t size);
int clinux_unload_module(const char *name);

#endif
