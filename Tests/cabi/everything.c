/*
 * Uses every function and every field of quark.h once, in C or C++, without privileges and without an open queue.
 * Prints the offsets of the fields, and TAP; everything.py compares the names that it uses with those that quark.h
 * declares.
 */
#include <quark.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/wait.h>

static int count, failures;

static void check(int condition, const char *what)
{
	printf("%sok %d - %s\n", condition ? "" : "not ", ++count, what);
	failures += !condition;
}

static int equal(const char *left, const char *right)
{
	return left != NULL && right != NULL && strcmp(left, right) == 0;
}

/* ---- fields */

/* Uses the field in an expression, too, and not only in offsetof(). */
#define FIELD(_struct, _field) do {								\
	static struct _struct *none;								\
												\
	(void)sizeof(none->_field);								\
	printf("offset %s.%s %zu\n", #_struct, #_field, offsetof(struct _struct, _field));	\
} while (0)
#define ARRAY(_struct, _field)									\
	printf("offset %s.%s %zu\n", #_struct, #_field, offsetof(struct _struct, _field))
#define SIZE(_struct) printf("size %s %zu\n", #_struct, sizeof(struct _struct))

static void show_process(void)
{
	FIELD(quark_process, gc_next); FIELD(quark_process, gc_previous); FIELD(quark_process, gc_time);
	FIELD(quark_process, pid); FIELD(quark_process, flags); FIELD(quark_process, poison_tag);
	FIELD(quark_process, proc_cap_inheritable); FIELD(quark_process, proc_cap_permitted);
	FIELD(quark_process, proc_cap_effective); FIELD(quark_process, proc_cap_bset);
	FIELD(quark_process, proc_cap_ambient); FIELD(quark_process, proc_time_boot);
	FIELD(quark_process, proc_ppid); FIELD(quark_process, proc_uid); FIELD(quark_process, proc_gid);
	FIELD(quark_process, proc_suid); FIELD(quark_process, proc_sgid); FIELD(quark_process, proc_euid);
	FIELD(quark_process, proc_egid); FIELD(quark_process, proc_pgid); FIELD(quark_process, proc_sid);
	FIELD(quark_process, proc_tty_major); FIELD(quark_process, proc_tty_minor);
	FIELD(quark_process, proc_entry_leader_type); FIELD(quark_process, proc_entry_leader);
	FIELD(quark_process, proc_uts_inonum); FIELD(quark_process, proc_ipc_inonum);
	FIELD(quark_process, proc_mnt_inonum); FIELD(quark_process, proc_net_inonum);
	FIELD(quark_process, proc_entity_id); FIELD(quark_process, exit_code); FIELD(quark_process, exit_signal);
	FIELD(quark_process, exit_time_event); FIELD(quark_process, comm); FIELD(quark_process, exe);
	FIELD(quark_process, cmdline_len); FIELD(quark_process, cmdline); FIELD(quark_process, cwd);
	FIELD(quark_process, cgroup); FIELD(quark_process, container); FIELD(quark_process, env);
	FIELD(quark_process, env_len); FIELD(quark_process, script); FIELD(quark_process, cmdline_orig_len);
	FIELD(quark_process, env_orig_len);
	SIZE(quark_process);
}

static void show_event(void)
{
	FIELD(quark_event, events); FIELD(quark_event, time); FIELD(quark_event, process); FIELD(quark_event, socket);
	FIELD(quark_event, packet); FIELD(quark_event, bypass); FIELD(quark_event, file); FIELD(quark_event, ptrace);
#if QUARK_API >= 9
	FIELD(quark_event, mprotect);
#endif
	FIELD(quark_event, module_load); FIELD(quark_event, shm); FIELD(quark_event, tty);
	FIELD(quark_event, id_change); FIELD(quark_event, tty_flags);
	SIZE(quark_event);
	FIELD(quark_mprotect, vma_start); FIELD(quark_mprotect, vma_end); FIELD(quark_mprotect, prev_prot);
	FIELD(quark_mprotect, req_prot); FIELD(quark_mprotect, effective_prot); FIELD(quark_mprotect, inode);
	FIELD(quark_mprotect, dev_major); FIELD(quark_mprotect, dev_minor); FIELD(quark_mprotect, file_backed);
	FIELD(quark_mprotect, path);
	SIZE(quark_mprotect);
	FIELD(quark_sockaddr, af); FIELD(quark_sockaddr, u); FIELD(quark_sockaddr, u.addr4);
	FIELD(quark_sockaddr, u.addr6); FIELD(quark_sockaddr, port);
	SIZE(quark_sockaddr);
	FIELD(quark_socket, local); FIELD(quark_socket, remote); FIELD(quark_socket, pid_origin);
	FIELD(quark_socket, pid_last_use); FIELD(quark_socket, established_time); FIELD(quark_socket, close_time);
	FIELD(quark_socket, conn_origin); FIELD(quark_socket, bytes_received); FIELD(quark_socket, bytes_sent);
	SIZE(quark_socket);
	FIELD(quark_packet, direction); FIELD(quark_packet, origin); FIELD(quark_packet, orig_len);
	FIELD(quark_packet, cap_len); ARRAY(quark_packet, data);
	SIZE(quark_packet);
	FIELD(quark_file, path); FIELD(quark_file, old_path); FIELD(quark_file, sym_target); FIELD(quark_file, inode);
	FIELD(quark_file, atime); FIELD(quark_file, mtime); FIELD(quark_file, ctime); FIELD(quark_file, size);
	FIELD(quark_file, mode); FIELD(quark_file, uid); FIELD(quark_file, gid); FIELD(quark_file, op_mask);
	FIELD(quark_file, change_mask); ARRAY(quark_file, storage);
	SIZE(quark_file);
	FIELD(quark_ptrace, child_pid); FIELD(quark_ptrace, request); FIELD(quark_ptrace, addr);
	FIELD(quark_ptrace, data);
	SIZE(quark_ptrace);
	FIELD(quark_module_load, name); FIELD(quark_module_load, version); FIELD(quark_module_load, src_version);
	FIELD(quark_module_load, taints);
	SIZE(quark_module_load);
	FIELD(quark_shm, kind); FIELD(quark_shm, shmget_key); FIELD(quark_shm, shmget_size);
	FIELD(quark_shm, shmget_shmflg); FIELD(quark_shm, memfd_create_flags); FIELD(quark_shm, path);
	SIZE(quark_shm);
	FIELD(quark_tty, next); FIELD(quark_tty, total_len); FIELD(quark_tty, major); FIELD(quark_tty, minor);
	FIELD(quark_tty, cols); FIELD(quark_tty, rows); FIELD(quark_tty, cflag); FIELD(quark_tty, iflag);
	FIELD(quark_tty, lflag); FIELD(quark_tty, oflag); FIELD(quark_tty, truncated); FIELD(quark_tty, data_len);
	ARRAY(quark_tty, data);
	SIZE(quark_tty);
}

static void show_raw_event(void)
{
	FIELD(raw_task, start_boottime); FIELD(raw_task, cap_inheritable); FIELD(raw_task, cap_permitted);
	FIELD(raw_task, cap_effective); FIELD(raw_task, cap_bset); FIELD(raw_task, cap_ambient); FIELD(raw_task, ppid);
	FIELD(raw_task, uid); FIELD(raw_task, gid); FIELD(raw_task, suid); FIELD(raw_task, sgid); FIELD(raw_task, euid);
	FIELD(raw_task, egid); FIELD(raw_task, pgid); FIELD(raw_task, sid); FIELD(raw_task, tty_major);
	FIELD(raw_task, tty_minor); FIELD(raw_task, uts_inonum); FIELD(raw_task, ipc_inonum);
	FIELD(raw_task, mnt_inonum); FIELD(raw_task, net_inonum); FIELD(raw_task, exit_code); FIELD(raw_task, comm);
	SIZE(raw_task);
	FIELD(raw_event_links, left); FIELD(raw_event_links, right); FIELD(raw_event_links, parent);
	FIELD(raw_event_links, previous); FIELD(raw_event_links, next); FIELD(raw_event_links, rank);
	SIZE(raw_event_links);
	FIELD(raw_event, by_time); FIELD(raw_event, by_pid_time); FIELD(raw_event, time); FIELD(raw_event, sequence);
	FIELD(raw_event, type); FIELD(raw_event, pid); FIELD(raw_event, tid); FIELD(raw_event, cpu);
	FIELD(raw_event, flags); FIELD(raw_event, agg_types); FIELD(raw_event, id_change);
	FIELD(raw_event, variable_bytes); FIELD(raw_event, exe); FIELD(raw_event, args); FIELD(raw_event, cwd);
	FIELD(raw_event, cgroup); FIELD(raw_event, env); FIELD(raw_event, script);
	FIELD(raw_event, payload); FIELD(raw_event, file);
	FIELD(raw_event, packet); FIELD(raw_event, ptrace); FIELD(raw_event, module_load); FIELD(raw_event, shm);
	FIELD(raw_event, tty); FIELD(raw_event, args_len); FIELD(raw_event, env_len); FIELD(raw_event, args_orig_len);
	FIELD(raw_event, env_orig_len); FIELD(raw_event, task);
	SIZE(raw_event);
}

static void show_queue(void)
{
	FIELD(quark_queue_attr, flags); FIELD(quark_queue_attr, max_length); FIELD(quark_queue_attr, cache_grace_time);
	FIELD(quark_queue_attr, hold_time); FIELD(quark_queue_attr, max_env); FIELD(quark_queue_attr, kubefd);
	FIELD(quark_queue_attr, ruleset); FIELD(quark_queue_attr, ring_size); FIELD(quark_queue_attr, replay);
	SIZE(quark_queue_attr);
	FIELD(quark_queue_stats, insertions); FIELD(quark_queue_stats, removals);
	FIELD(quark_queue_stats, aggregations); FIELD(quark_queue_stats, non_aggregations);
	FIELD(quark_queue_stats, lost); FIELD(quark_queue_stats, garbage_collections);
	FIELD(quark_queue_stats, backend); FIELD(quark_queue_stats, malformed); FIELD(quark_queue_stats, late);
	FIELD(quark_queue_stats, refused); FIELD(quark_queue_stats, lost_by_family); FIELD(quark_queue_stats, stalls);
	SIZE(quark_queue_stats);
	FIELD(quark_client, version); FIELD(quark_client, api); FIELD(quark_client, client_size);
	FIELD(quark_client, queue_size); FIELD(quark_client, attr_size); FIELD(quark_client, stats_size);
	FIELD(quark_client, event_size); FIELD(quark_client, process_size); FIELD(quark_client, raw_event_size);
	FIELD(quark_client, capability_size);
	FIELD(quark_capability, family); FIELD(quark_capability, state); FIELD(quark_capability, event);
	FIELD(quark_capability, flag); FIELD(quark_capability, family_name); FIELD(quark_capability, field);
	FIELD(quark_capability, means); FIELD(quark_capability, reason);
	SIZE(quark_capability);
	FIELD(quark_capabilities, backend); FIELD(quark_capabilities, backend_name); FIELD(quark_capabilities, list);
	FIELD(quark_capabilities, count);
	SIZE(quark_capabilities);
	FIELD(quark_sysinfo, boot_id); FIELD(quark_sysinfo, hostname); FIELD(quark_sysinfo, ip_addrs);
	FIELD(quark_sysinfo, ip_addrs_len); FIELD(quark_sysinfo, mac_addrs); FIELD(quark_sysinfo, mac_addrs_len);
	FIELD(quark_sysinfo, uts_sysname); FIELD(quark_sysinfo, uts_nodename); FIELD(quark_sysinfo, uts_release);
	FIELD(quark_sysinfo, uts_version); FIELD(quark_sysinfo, uts_machine); FIELD(quark_sysinfo, os_name);
	FIELD(quark_sysinfo, os_version); FIELD(quark_sysinfo, os_release_type); FIELD(quark_sysinfo, os_id);
	FIELD(quark_sysinfo, os_version_id); FIELD(quark_sysinfo, os_version_codename);
	FIELD(quark_sysinfo, os_pretty_name);
	SIZE(quark_sysinfo);
	FIELD(quark_passwd, uid); FIELD(quark_passwd, gid); FIELD(quark_passwd, name);
	FIELD(quark_group, gid); FIELD(quark_group, name);
	FIELD(quark_queue, flags); FIELD(quark_queue, length); FIELD(quark_queue, epollfd); FIELD(quark_queue, stats);
	FIELD(quark_queue, sysinfo); FIELD(quark_queue, ruleset); FIELD(quark_queue, driver); FIELD(quark_queue, hooks);
	FIELD(quark_queue, fallback_reason); FIELD(quark_queue, passwds); FIELD(quark_queue, groups);
	FIELD(quark_queue, passwds_len); FIELD(quark_queue, groups_len);
	FIELD(quark_queue, capabilities);
	SIZE(quark_queue);
	FIELD(quark_process_iter, queue); FIELD(quark_process_iter, next_pid);
	FIELD(quark_cmdline_iter, cursor); FIELD(quark_cmdline_iter, end);
	FIELD(quark_socket_iter, queue); FIELD(quark_socket_iter, next);
}

static void show_others(void)
{
	FIELD(label_node, key); FIELD(label_node, value); FIELD(label_node, seen);
	FIELD(quark_pod, name); FIELD(quark_pod, ns); FIELD(quark_pod, uid); FIELD(quark_pod, phase);
	FIELD(quark_pod, addr4); FIELD(quark_pod, addr6); FIELD(quark_pod, addr4_a); FIELD(quark_pod, addr6_a);
	FIELD(quark_container, container_id); FIELD(quark_container, pod); FIELD(quark_container, name);
	FIELD(quark_container, image); FIELD(quark_container, image_id); FIELD(quark_container, image_name);
	FIELD(quark_container, image_tag); FIELD(quark_container, image_hash); FIELD(quark_container, linked_by_id);
	FIELD(quark_container, linked_by_pod);
	FIELD(quark_kube_node, name); FIELD(quark_kube_node, uid); FIELD(quark_kube_node, zone);
	FIELD(quark_kube_node, region); FIELD(quark_kube_node, provider); FIELD(quark_kube_node, project);
	FIELD(quark_kube_node, project_id); FIELD(quark_kube_node, cluster_name); FIELD(quark_kube_node, cluster_uid);
	FIELD(quark_kube_node, cluster_version);
	FIELD(quark_btf_target, dotname); FIELD(quark_btf_target, offset);
	FIELD(quark_btf, kname); ARRAY(quark_btf, targets);
	FIELD(hanson, error); FIELD(hanson, buf); FIELD(hanson, buf_w); FIELD(hanson, buf_len);
	SIZE(hanson);
	FIELD(quark_rb_node, left); FIELD(quark_rb_node, right); FIELD(quark_rb_node, parent);
	FIELD(quark_rb_node, height);
#ifdef QUARK_RF_PID
	FIELD(quark_wild, pre); FIELD(quark_wild, pre_len); FIELD(quark_wild, post); FIELD(quark_wild, post_len);
	FIELD(quark_rule_field, code); FIELD(quark_rule_field, pid); FIELD(quark_rule_field, poison_tag);
	FIELD(quark_rule_field, events);
	FIELD(quark_rule_field, wild); FIELD(quark_rule_field, id); FIELD(quark_rule_field, comm);
	FIELD(quark_rule, fields); FIELD(quark_rule, n_fields); FIELD(quark_rule, action);
	FIELD(quark_rule, poison_tag); FIELD(quark_rule, evals); FIELD(quark_rule, hits); FIELD(quark_rule, number);
	FIELD(quark_ruleset, rules); FIELD(quark_ruleset, n_rules);
#endif
}

/* Offsets that bindings compute themselves. */
static void check_offsets(void)
{
	check(sizeof(struct quark_tty) == 56 && offsetof(struct quark_tty, data) == 56, "a tty's data begin at its size");
	check(offsetof(struct quark_sockaddr, u) == 4 && offsetof(struct quark_sockaddr, port) == 20 &&
	    sizeof(struct quark_sockaddr) == 24, "a sockaddr's address is 16 bytes at 4, the port at 20");
	check(offsetof(struct quark_packet, data) == sizeof(struct quark_packet), "a packet's data begin at its size");
	check(offsetof(struct quark_file, change_mask) == 80 && offsetof(struct quark_file, storage) == 84 &&
	    sizeof(struct quark_file) == 88, "a file is 88 bytes");
	check(offsetof(struct quark_btf, targets) == sizeof(struct quark_btf), "targets begin at the size");
	check(offsetof(struct quark_event, socket) == 24 && offsetof(struct quark_event, ptrace) == 56 &&
#if QUARK_API >= 9
	    offsetof(struct quark_event, mprotect) == 88 && offsetof(struct quark_event, module_load) == 160 &&
	    offsetof(struct quark_event, shm) == 168 && offsetof(struct quark_event, tty) == 176 &&
	    offsetof(struct quark_event, id_change) == 184 && sizeof(struct quark_event) == 192 &&
#else
	    offsetof(struct quark_event, tty) == 104 && offsetof(struct quark_event, id_change) == 112 &&
	    sizeof(struct quark_event) == 120 &&
#endif
	    offsetof(struct quark_event, process) == 16, "an event's members are where they are elsewhere");
	check(offsetof(struct quark_mprotect, inode) == 40 && offsetof(struct quark_mprotect, path) == 64 &&
	    sizeof(struct quark_mprotect) == 72, "and those of mprotect");
	check(sizeof(struct quark_ptrace) == 32 && sizeof(struct quark_shm) == 48 &&
	    sizeof(struct quark_module_load) == 32 && sizeof(struct hanson) == 32, "and so are those of others");
	check(offsetof(struct quark_queue_attr, kubefd) == 24 && offsetof(struct quark_queue_attr, ruleset) == 32,
	    "and the attributes");
#if QUARK_API >= 9
	check(offsetof(struct quark_queue_stats, stalls) == 48 && offsetof(struct quark_queue_stats, backend) == 56,
	    "and the statistics");
#else
	check(offsetof(struct quark_queue_stats, backend) == 48, "and the statistics");
#endif
}

/* ---- constants */

#define VALUE(_name, _value) check((unsigned long long)(_name) == (unsigned long long)(_value), #_name)

static void check_constants(void)
{
	VALUE(QQ_THREAD_EVENTS, 1 << 0); VALUE(QQ_KPROBE, 1 << 1); VALUE(QQ_EBPF, 1 << 2); VALUE(QQ_MIN_AGG, 1 << 3);
	VALUE(QQ_ENTRY_LEADER, 1 << 4); VALUE(QQ_SOCK_CONN, 1 << 5); VALUE(QQ_DNS, 1 << 6); VALUE(QQ_BYPASS, 1 << 7);
	VALUE(QQ_FILE, 1 << 8); VALUE(QQ_SHM, 1 << 9); VALUE(QQ_TTY, 1 << 10); VALUE(QQ_PTRACE, 1 << 11);
	VALUE(QQ_MODULE_LOAD, 1 << 12); VALUE(QQ_GETPID, 1 << 13); VALUE(QQ_NOVA, 1 << 14); VALUE(QQ_MPROTECT, 1 << 15);
	VALUE(QQ_SELF_TEST, 1 << 24); VALUE(QQ_FALLBACK, 1 << 25); VALUE(QQ_SALTED_IDS, 1 << 26);
	VALUE(QQ_STRICT, 1 << 27);
	VALUE(QUARK_CAPABILITY_NONE, 0); VALUE(QUARK_CAPABILITY_PART, 1); VALUE(QUARK_CAPABILITY_EXACT, 2);
#if QUARK_API < 9
	VALUE(QQ_ALL_BACKENDS, 6);
#endif
	VALUE(QUARK_EV_FORK, 1 << 0); VALUE(QUARK_EV_EXEC, 1 << 1); VALUE(QUARK_EV_EXIT, 1 << 2);
	VALUE(QUARK_EV_ID_CHANGE, 1 << 3); VALUE(QUARK_EV_SETPROCTITLE, 1 << 4);
	VALUE(QUARK_EV_SOCK_CONN_ESTABLISHED, 1 << 5); VALUE(QUARK_EV_SOCK_CONN_CLOSED, 1 << 6);
	VALUE(QUARK_EV_PACKET, 1 << 7); VALUE(QUARK_EV_BYPASS, 1 << 8); VALUE(QUARK_EV_FILE, 1 << 9);
	VALUE(QUARK_EV_PTRACE, 1 << 10); VALUE(QUARK_EV_MODULE_LOAD, 1 << 11); VALUE(QUARK_EV_SHM, 1 << 12);
	VALUE(QUARK_EV_TTY, 1 << 13); VALUE(QUARK_EV_GETPID, 1 << 14); VALUE(QUARK_EV_MPROTECT, 1 << 15);
	VALUE(QUARK_F_PROC, 1); VALUE(QUARK_F_EXIT, 2);
	VALUE(QUARK_ID_CHANGE_SETSID, 1); VALUE(QUARK_ID_CHANGE_SETUID, 2); VALUE(QUARK_ID_CHANGE_SETGID, 4);
	VALUE(QUARK_FILE_OP_CREATE, 1); VALUE(QUARK_FILE_OP_MODIFY, 2); VALUE(QUARK_FILE_OP_REMOVE, 4);
	VALUE(QUARK_FILE_OP_MOVE, 8); VALUE(QUARK_FILE_CH_CONTENT, 1); VALUE(QUARK_FILE_CH_PERMS, 2);
	VALUE(QUARK_FILE_CH_OWNER, 4); VALUE(QUARK_FILE_CH_XATTRS, 8);
	VALUE(QUARK_TTY_UNKNOWN, 0); VALUE(QUARK_TTY_PTS, 1); VALUE(QUARK_TTY_TTY, 2); VALUE(QUARK_TTY_CONSOLE, 3);
	VALUE(QUARK_ELT_UNKNOWN, 0); VALUE(QUARK_ELT_INIT, 1); VALUE(QUARK_ELT_KTHREAD, 2); VALUE(QUARK_ELT_SSHD, 3);
	VALUE(QUARK_ELT_SSM, 4); VALUE(QUARK_ELT_CONTAINER, 5); VALUE(QUARK_ELT_TERM, 6); VALUE(QUARK_ELT_CONSOLE, 7);
	VALUE(SOCK_CONN_INVALID, 0); VALUE(SOCK_CONN_CLOSE, 1); VALUE(SOCK_CONN_ACCEPT, 2);
	VALUE(SOCK_CONN_CONNECT, 3); VALUE(SOCK_CONN_SCRAPE, 4);
	VALUE(QUARK_PACKET_DIR_INVALID, 0); VALUE(QUARK_PACKET_DIR_EGRESS, 1); VALUE(QUARK_PACKET_DIR_INGRESS, 2);
	VALUE(QUARK_PACKET_ORIGIN_INVALID, 0); VALUE(QUARK_PACKET_ORIGIN_DNS, 1);
	VALUE(QUARK_SHM_INVALID, 0); VALUE(QUARK_SHM_SHMGET, 1); VALUE(QUARK_SHM_SHM_OPEN, 2);
	VALUE(QUARK_SHM_MEMFD_CREATE, 3); VALUE(QUARK_SHM_MEMFD_OPEN, 4);
	VALUE(QUARK_VL_SILENT, 0); VALUE(QUARK_VL_WARN, 1); VALUE(QUARK_VL_DEBUG, 2);
	VALUE(GC_INVALID, 0); VALUE(GC_PROCESS, 1); VALUE(GC_SOCKET, 2); VALUE(GC_POD, 3);
	VALUE(RAW_INVALID, 0); VALUE(RAW_EXEC, 1); VALUE(RAW_WAKE_UP_NEW_TASK, 2); VALUE(RAW_EXIT_THREAD, 3);
	VALUE(RAW_ID_CHANGE, 4); VALUE(RAW_COMM, 5); VALUE(RAW_EXEC_CONNECTOR, 6); VALUE(RAW_SOCK_CONN, 7);
	VALUE(RAW_PACKET, 8); VALUE(RAW_FILE, 9); VALUE(RAW_PTRACE, 10); VALUE(RAW_MODULE_LOAD, 11);
	VALUE(RAW_SHM, 12); VALUE(RAW_TTY, 13); VALUE(RAW_GETPID, 14); VALUE(RAW_MPROTECT, 15);
	VALUE(RAW_NUM_TYPES, 16);
	VALUE(QUARK_MAX_PACKET, 2048); VALUE(RAW_EXEC_F_EXT, 1); VALUE(NOVA_MAX_RULES, 1024);
	VALUE(NOVA_PATH_FIELDS, 2); VALUE(NOVA_MAX_PATHS, 4096); VALUE(NOVA_PATHLEN, 250);
	VALUE(META_RF_EXE, 1); VALUE(META_RF_FILEPATH, 2);
	VALUE(NS_PER_S, 1000000000); VALUE(NS_PER_MS, 1000000); VALUE(MS_TO_NS(5000), 5000000000ULL);
	VALUE(NS_TO_S(2999999999ULL), 2); VALUE(ALIGN_UP(17, 8), 24); VALUE(ALIGN_UP(16, 8), 16);
	check(sizeof(QUARK_VERSION) > 1, "QUARK_VERSION");
#ifdef QUARK_RF_PID
	VALUE(QUARK_RA_INVALID, 0); VALUE(QUARK_RA_DROP, 1); VALUE(QUARK_RA_PASS, 2); VALUE(QUARK_RA_POISON, 3);
	VALUE(QUARK_RF_PID, 1 << 0); VALUE(QUARK_RF_PPID, 1 << 1); VALUE(QUARK_RF_UID, 1 << 2);
	VALUE(QUARK_RF_GID, 1 << 3); VALUE(QUARK_RF_SID, 1 << 4); VALUE(QUARK_RF_COMM, 1 << 5);
	VALUE(QUARK_RF_EXE, 1 << 6); VALUE(QUARK_RF_FILEPATH, 1 << 7); VALUE(QUARK_RF_POISON, 1 << 8);
	VALUE(QUARK_RF_FILE_EXEC_CHANGE, 1 << 9);
#endif
}

/* ---- a queue that is not open */

/* Opens with flags that are refused, and stores the log in `log`. Returns errno, or 0 if it is not refused. */
static int refusal(int flags, char *log, size_t size)
{
	char path[] = "/tmp/quark-everything.XXXXXX";
	const int file = mkstemp(path), saved = dup(STDERR_FILENO);
	struct quark_queue_attr attr;
	struct quark_queue queue;
	int result, cause;
	ssize_t length;

	unlink(path);
	dup2(file, STDERR_FILENO);
	quark_queue_default_attr(&attr);
	attr.flags = flags;
	result = quark_queue_open(&queue, &attr);
	cause = errno;
	dup2(saved, STDERR_FILENO);
	lseek(file, 0, SEEK_SET);
	length = qread(file, log, size - 1);
	log[length > 0 ? length : 0] = '\0';
	close(file);
	close(saved);
	return result == -1 ? cause : 0;
}

static void check_refusals(void)
{
	static const struct { int flag; const char *name; } unsupported[] = {
		{ QQ_BYPASS, "QQ_BYPASS" }, { QQ_SOCK_CONN, "QQ_SOCK_CONN" }, { QQ_DNS, "QQ_DNS" },
		{ QQ_FILE, "QQ_FILE" }, { QQ_MPROTECT, "QQ_MPROTECT" },
	};
	char log[512];
	size_t i;

	quark_verbose = QUARK_VL_SILENT;
	check(refusal(QQ_NOVA, log, sizeof(log)) == ENOTSUP && *log == '\0', "NOVA alone is ENOTSUP, and silent");
	quark_verbose = QUARK_VL_WARN;
	check(refusal(QQ_NOVA, log, sizeof(log)) == ENOTSUP && strstr(log, "QQ_NOVA") != NULL, "or the log names it");
	check(strstr(log, ": quark_queue_open:") != NULL, "with the function that says so");
	for (i = 0; i < nitems(unsupported); i++)
		check(refusal(QQ_EBPF | unsupported[i].flag, log, sizeof(log)) == ENOTSUP &&
		    strstr(log, unsupported[i].name) != NULL, unsupported[i].name);
	check(refusal(QQ_KPROBE | QQ_BYPASS, log, sizeof(log)) == EINVAL, "bypassing with KPROBE is EINVAL");
	check(refusal(QQ_EBPF | QQ_BYPASS | QQ_MIN_AGG, log, sizeof(log)) == EINVAL, "so it is with an aggregation");
	check(refusal(QQ_MIN_AGG, log, sizeof(log)) == EINVAL, "no backend is EINVAL");
#if QUARK_API >= 9
	check(refusal(QQ_EBPF | QQ_KPROBE, log, sizeof(log)) == EINVAL, "two backends are EINVAL");
	check(refusal(QQ_EBPF | QQ_NOVA | QQ_KPROBE, log, sizeof(log)) == EINVAL, "so are three");
	check(refusal(QQ_FALLBACK, log, sizeof(log)) == EINVAL, "and none to fall back to");
	check(refusal(QQ_EBPF | QQ_KPROBE | QQ_FALLBACK | QQ_DNS, log, sizeof(log)) == ENOTSUP, "unless one may");
#endif
	check(refusal(QQ_EBPF | 1 << 20, log, sizeof(log)) == ENOTSUP && strstr(log, "0x100000") != NULL,
	    "a bit without a meaning is ENOTSUP, too, and told");
	setenv("QUARK_VERBOSE", "", 1);
	refusal(QQ_NOVA, log, sizeof(log));
	check(quark_verbose == 0 && *log == '\0', "an empty QUARK_VERBOSE is 0");
	setenv("QUARK_VERBOSE", "17", 1);
	refusal(QQ_NOVA, log, sizeof(log));
	check(quark_verbose == 17 && *log != '\0', "a number is that");
	setenv("QUARK_VERBOSE", "1000", 1);
	refusal(QQ_NOVA, log, sizeof(log));
	check(quark_verbose == 1000, "up to 1000");
	setenv("QUARK_VERBOSE", "1001", 1);
	quark_verbose = 0;
	refusal(QQ_NOVA, log, sizeof(log));
	check(quark_verbose == 1000, "more is 1000");
	setenv("QUARK_VERBOSE", "-1", 1);
	quark_verbose = 0;
	refusal(QQ_NOVA, log, sizeof(log));
	check(quark_verbose == 1000, "and so is anything else");
	unsetenv("QUARK_VERBOSE");
	quark_verbose = 3;
	refusal(QQ_NOVA, log, sizeof(log));
	check(quark_verbose == 3, "without it nothing changes");
	quark_verbose = 0;
}

static void check_closed(void)
{
	struct quark_queue_attr attr;
	struct quark_queue queue;
	struct quark_queue_stats stats;
	struct quark_process_iter processes;
	struct quark_socket_iter sockets;
	struct quark_cmdline_iter arguments;
	struct quark_sockaddr local, remote;
	struct quark_event event;
	struct raw_event *raw;
	FILE *file = tmpfile();
	char *json = NULL;
	char text[32];
	size_t length = 17;
	pid_t pid = 17;

	quark_queue_default_attr(&attr);
	attr.flags = QQ_NOVA;
	check(quark_queue_open(&queue, &attr) == -1 && *quark_queue_open_error() != '\0', "a queue that does not open");
	check(queue.flags == QQ_NOVA && queue.length == 0 && queue.epollfd == -1, "has its flags, and no more");
	check(queue.ruleset == NULL && queue.sysinfo.os_name == NULL && queue.sysinfo.ip_addrs_len == 0,
	    "and knows nothing of the machine");
	check(quark_queue_get_event(&queue) == NULL, "quark_queue_get_event");
	check(quark_queue_populate(&queue) == -1 && errno == EINVAL, "quark_queue_populate");
	check(quark_queue_block(&queue) == -1 && errno == EINVAL, "quark_queue_block");
	check(quark_queue_get_epollfd(&queue) == -1, "quark_queue_get_epollfd");
	check(quark_queue_get_hooks(&queue) == NULL && errno == EINVAL, "quark_queue_get_hooks");
	check(quark_queue_get_fallback_reason(&queue) == NULL && errno == EINVAL, "quark_queue_get_fallback_reason");
	errno = 0;
	check(quark_queue_get_capabilities(&queue) == NULL && errno == EINVAL, "quark_queue_get_capabilities");
	quark_queue_get_stats(&queue, &stats);
	check(stats.insertions == 0 && stats.backend == 0, "quark_queue_get_stats");
	check(quark_process_lookup(&queue, 1) == NULL && errno == ESRCH, "quark_process_lookup");
	quark_process_iter_init(&processes, &queue);
	check(quark_process_iter_next(&processes) == NULL, "quark_process_iter_next");
	quark_cmdline_iter_init(&arguments, "a", 2);
	check(equal(quark_cmdline_iter_next(&arguments), "a"), "quark_cmdline_iter_next");
	quark_socket_iter_init(&sockets, &queue);
	check(quark_socket_iter_next(&sockets) == NULL, "quark_socket_iter_next");
	memset(&local, 0, sizeof(local));
	memset(&remote, 0, sizeof(remote));
	local.af = remote.af = AF_INET;
	check(quark_socket_lookup(&queue, &local, &remote) == NULL && errno == ESRCH, "quark_socket_lookup");
	remote.af = AF_INET6;
	check(quark_socket_lookup(&queue, &local, &remote) == NULL && errno == EINVAL, "of two families is EINVAL");
	local.af = remote.af = AF_UNIX;
	check(quark_socket_lookup(&queue, &local, &remote) == NULL && errno == EINVAL, "and of another one");
	errno = 0;
	check(quark_passwd_lookup(&queue, 0) == NULL && errno == ESRCH, "quark_passwd_lookup");
	errno = 0;
	check(quark_group_lookup(&queue, 0) == NULL && errno == ESRCH, "quark_group_lookup");
	check(quark_queue_set_agg_matrix(&queue, 0, 0, quark_can_aggregate_single) == -1, "quark_queue_set_agg_matrix");
	check(quark_get_bpf_probes(&queue) == NULL && errno == EINVAL, "quark_get_bpf_probes");
	errno = 0;
	check(quark_queue_trusted_pid_add(&queue, 1) == -1 && errno == EINVAL, "quark_queue_trusted_pid_add");
	errno = 0;
	check(quark_queue_trusted_pid_reset(&queue) == -1 && errno == EINVAL, "quark_queue_trusted_pid_reset");
	check(quark_start_kube_talker("x", &pid) == -1 && errno == ENOTSUP && pid == 17, "quark_start_kube_talker");
	check(quark_start_kube_talker(NULL, &pid) == -1 && errno == EINVAL, "without a configuration is EINVAL");
	check(quark_start_kube_talker("x", NULL) == -1 && errno == EINVAL, "and without a pid");
	memset(&event, 0, sizeof(event));
	check(quark_event_to_ecs(&queue, &event, &json, &length) == -1 && errno == ENOTSUP && json == NULL &&
	    length == 17, "quark_event_to_ecs");
	check(quark_event_dump(&event, file) == -1, "quark_event_dump");
	check(quark_dump_process_cache_graph(&queue, file) == -1, "quark_dump_process_cache_graph");
	check(quark_dump_raw_event_graph(&queue, file, file) == -1, "quark_dump_raw_event_graph");
	fclose(file);
	check(parse_container_cgroup("a/docker-b.scope", text, sizeof(text)) == 0, "parse_container_cgroup");
	check((raw = raw_event_alloc(RAW_EXEC)) != NULL, "raw_event_alloc");
	check(raw_event_insert(&queue, raw) == -1 && errno == EINVAL, "raw_event_insert");
	raw_event_free(raw);
	quark_queue_close(&queue);
}

static void check_raw_events(void)
{
	struct raw_event *raw, *other;
	int type;

	for (type = RAW_INVALID + 1; type < RAW_NUM_TYPES; type++) {
		const int has_task = type == RAW_WAKE_UP_NEW_TASK || type == RAW_EXIT_THREAD ||
		    type == RAW_ID_CHANGE || type == RAW_GETPID;

		raw = raw_event_alloc(type);
		check(raw != NULL && raw->type == (u32)type && raw->pid == 0 && raw->exe == NULL &&
		    raw->task.exit_code == (has_task ? -1 : 0) && raw->flags == (has_task ? RAW_F_TASK : 0),
		    "a raw event of each type");
		if (raw != NULL && type == RAW_EXEC)
			raw->exe = strdup("/bin/true");
		raw_event_free(raw);
	}
	raw_event_free(NULL);
	errno = 0;
	check(raw_event_alloc(RAW_INVALID) == NULL && errno == EINVAL, "of no type there is none");
	check(raw_event_alloc(RAW_NUM_TYPES) == NULL && raw_event_alloc(-1) == NULL, "nor of another");
	raw = raw_event_alloc(RAW_FILE);
	other = raw_event_alloc(RAW_FILE);
	check(quark_can_aggregate_mult(NULL, raw, other) == 1, "quark_can_aggregate_mult");
	check(quark_can_aggregate_fork_exec(NULL, raw, other) == 1, "quark_can_aggregate_fork_exec");
	check(quark_can_aggregate_file(NULL, raw, other) == 0, "quark_can_aggregate_file");
	check(quark_can_aggregate_tty(NULL, raw, other) == 0, "quark_can_aggregate_tty");
	raw_event_free(raw);
	raw_event_free(other);
}

#ifdef QUARK_RF_PID
static void check_rules(void)
{
	struct quark_rule_field field;
	struct quark_ruleset ruleset;
	struct quark_event event;
	struct quark_rule *rule;
	FILE *file = tmpfile();

	quark_ruleset_init(&ruleset);
	rule = quark_ruleset_append_rule(&ruleset, QUARK_RA_DROP, 0);
	check(rule != NULL && ruleset.n_rules == 1, "quark_ruleset_append_rule");
	memset(&field, 0, sizeof(field));
	field.code = QUARK_RF_PID;
	field.pid = 1;
	check(rule != NULL && quark_rule_match_field(rule, field) == 0, "quark_rule_match_field");
	memset(&event, 0, sizeof(event));
	check(quark_ruleset_match(&ruleset, &event) == NULL, "quark_ruleset_match");
	quark_ruleset_clear(&ruleset);
	fputs("drop on any\n", file);
	rewind(file);
	check(quark_ruleset_parse(&ruleset, file, NULL, 0) == 0 && ruleset.n_rules == 1, "quark_ruleset_parse");
	fclose(file);
	quark_ruleset_clear(&ruleset);
}
#endif

/* ---- files */

/* Makes a file with this content, and returns its descriptor, positioned at the beginning. */
static int file_with(const char *content, size_t length, char *path, size_t size)
{
	int fd;

	strlcpy(path, "/tmp/quark-everything.XXXXXX", size);
	fd = mkstemp(path);
	check(fd != -1 && qwrite(fd, content, length) == 0 && lseek(fd, 0, SEEK_SET) == 0, "a file to read");
	return fd;
}

static void check_reading(void)
{
	char path[64], buffer[32], *text;
	size_t total = 99;
	int ends[2], fd;

	fd = file_with("btime 17\nname\tvalue\nlast", 24, path, sizeof(path));
	check(qread(fd, buffer, 5) == 5 && memcmp(buffer, "btime", 5) == 0, "qread");
	check(qread(-1, buffer, 5) == -1 && errno == EBADF, "of no descriptor is EBADF");
	lseek(fd, 0, SEEK_SET);
	text = load_file_nostat(fd, &total);
	check(total == 24 && equal(text, "btime 17\nname\tvalue\nlast"), "load_file_nostat");
	free(text);
	check(load_file_nostat(fd, &total) == NULL && total == 0 && errno == 0, "at the end of a file is NULL and 0");
	text = load_file_path_nostat(path, NULL);
	check(text != NULL && strlen(text) == 24, "load_file_path_nostat");
	free(text);
	total = 99;
	check(load_file_path_nostat("/dev/null", &total) == NULL && total == 0, "of an empty file is NULL and 0");
	check(load_file_path_nostat("/nowhere", &total) == NULL && errno == ENOENT, "of none is ENOENT");
	check(load_file_path_nostat("/tmp", &total) == NULL && errno == EISDIR, "of a folder is EISDIR");
	text = load_file_path_nostat("/proc/self/status", &total);
	check(text != NULL && total == strlen(text) && strncmp(text, "Name:", 5) == 0, "of procfs");
	free(text);
	text = find_line_p(path, "name");
	check(equal(text, "name\tvalue"), "find_line_p");
	free(text);
	text = find_line_p(path, "last");
	check(equal(text, "last"), "a last line without its end");
	free(text);
	text = find_line_p(path, "");
	check(equal(text, "btime 17"), "the first line begins with nothing");
	free(text);
	check(find_line_p(path, "ame") == NULL && find_line_p("/nowhere", "") == NULL, "no line, no file");
	close(fd);
	unlink(path);
	check(pipe(ends) == 0 && qwrite(ends[1], "x", 1) == 0, "qwrite");
	close(ends[1]);
	check(qwrite(ends[1], "x", 1) == -1 && errno == EBADF, "to no descriptor is EBADF");
	check(qread(ends[0], buffer, 2) == 1 && qread(ends[0], buffer, 2) == 0, "what was written, and the end");
	close(ends[0]);
	fd = open("/dev/full", O_WRONLY);
	check(qwrite(fd, "x", 1) == -1 && errno == ENOSPC && qwrite(fd, "", 0) == 0, "a full device");
	close(fd);
}

static void check_large_file(void)
{
	static char content[100000];
	char path[64], *text;
	size_t total;
	int fd;

	memset(content, 'x', sizeof(content));
	fd = file_with(content, sizeof(content), path, sizeof(path));
	text = load_file_nostat(fd, &total);
	check(total == sizeof(content) && text != NULL && memcmp(text, content, total) == 0 && text[total] == '\0',
	    "a file of 100,000 bytes");
	free(text);
	close(fd);
	unlink(path);
}

static void check_lines_and_links(void)
{
	FILE *file = tmpfile();
	char path[64], link[80], buffer[32];
	char *line;
	int fd;

	fputs("one\ntwo\nthree\n", file);
	rewind(file);
	line = find_line(file, "t");
	check(equal(line, "two"), "find_line");
	free(line);
	line = find_line(file, "t");
	check(equal(line, "three"), "goes on behind it");
	free(line);
	check(find_line(file, "t") == NULL, "up to the end");
	fclose(file);
	fd = file_with("line\n", 5, path, sizeof(path));
	check(readlineat(AT_FDCWD, path, buffer, sizeof(buffer)) == 4 && equal(buffer, "line"), "readlineat");
	check(readlineat(AT_FDCWD, path, buffer, 3) == 2 && equal(buffer, "li"), "of a small buffer");
	check(readlineat(AT_FDCWD, path, buffer, 0) == -1 && errno == EINVAL, "of none is EINVAL");
	check(readlineat(AT_FDCWD, "/dev/null", buffer, sizeof(buffer)) == 0 && *buffer == '\0', "of an empty file");
	check(readlineat(AT_FDCWD, "/nowhere", buffer, sizeof(buffer)) == -1 && errno == ENOENT, "of no file");
	close(fd);
	unlink(path);
	snprintf(link, sizeof(link), "%s.link", path);
	check(symlink("0123456789", link) == 0, "a link");
	check(qreadlinkat(AT_FDCWD, link, buffer, sizeof(buffer)) == 10 && equal(buffer, "0123456789"), "qreadlinkat");
	check(qreadlinkat(AT_FDCWD, link, buffer, 11) == 10 && equal(buffer, "0123456789"), "that just fits");
	check(qreadlinkat(AT_FDCWD, link, buffer, 10) == 10 && equal(buffer, "012345678"), "that is cut");
	check(qreadlinkat(AT_FDCWD, link, buffer, 2) == 2 && equal(buffer, "0"), "down to one byte");
	check(qreadlinkat(AT_FDCWD, link, buffer, 1) == -1 && errno == EINVAL, "but no less");
	check(qreadlinkat(AT_FDCWD, "/", buffer, 10) == -1 && errno == EINVAL, "of what is no link");
	unlink(link);
}

/* Runs in a child, which then has no output: its status tells which step failed. */
static void check_closing(void)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0) {
		const int low = 60;

		for (int fd = low; fd < low + 5; fd++)
			if (dup2(STDIN_FILENO, fd) == -1)
				_exit(1);
		if (qclosefrom(-1, -1) != -1 || errno != EINVAL)
			_exit(2);
		if (qclosefrom(low + 1, low + 2) != 0)
			_exit(3);
		for (int fd = low; fd < low + 5; fd++)
			if ((fcntl(fd, F_GETFD) != -1) != (fd == low || fd == low + 2))
				_exit(4);
		if (qclosefrom(low, -1) != 0 || fcntl(low, F_GETFD) != -1 || fcntl(low + 2, F_GETFD) != -1)
			_exit(5);
		if (qclosefrom(3, 0) != 0 || fcntl(STDERR_FILENO, F_GETFD) == -1)
			_exit(6);
		_exit(0);
	}
	check(waitpid(child, &status, 0) == child && status == 0, "qclosefrom");
}

/* ---- texts and numbers */

static void check_numbers(void)
{
	const char *reason;
	u64 number = 17;

	check(isnumber("0123456789") && isnumber("") && !isnumber("1a") && !isnumber("-1") && !isnumber(" 1"), "isnumber");
	check(strtou64(&number, "18446744073709551615", 10) == 0 && number == 18446744073709551615ULL, "strtou64");
	check(strtou64(&number, "ff", 16) == 0 && number == 255, "of another base");
	check(strtou64(&number, "-1", 10) == 0 && number == 18446744073709551615ULL, "a minus wraps around");
	number = 17;
	check(strtou64(&number, "18446744073709551616", 10) == -1 && errno == ERANGE && number == 17, "too large");
	check(strtou64(&number, "1 ", 10) == -1 && errno == EINVAL, "something behind it");
	check(strtou64(&number, "", 10) == -1 && errno == EINVAL && number == 17, "nothing at all");
	check(strtonum("-5", -5, 5, &reason) == -5 && reason == NULL, "strtonum");
	check(strtonum("6", -5, 5, &reason) == 0 && errno == ERANGE && equal(reason, "too large"), "too large");
	check(strtonum("-6", -5, 5, &reason) == 0 && errno == ERANGE && equal(reason, "too small"), "too small");
	check(strtonum("5x", -5, 5, &reason) == 0 && errno == EINVAL && equal(reason, "invalid"), "invalid");
	check(strtonum("", 0, 5, &reason) == 0 && equal(reason, "invalid"), "nothing is invalid");
	check(strtonum("3", 5, 0, &reason) == 0 && equal(reason, "invalid"), "so is an empty range");
	check(strtonum("99999999999999999999", 0, LLONG_MAX, &reason) == 0 && equal(reason, "too large"), "beyond 64 bits");
	check(strtonum("-99999999999999999999", LLONG_MIN, 0, NULL) == 0 && errno == ERANGE, "in both directions");
	errno = 7;
	check(strtonum("1", 0, 1, NULL) == 1 && errno == 7, "errno stays as it was");
}

static void check_texts(void)
{
	char buffer[8];
	void *memory;

	check(equal(safe_basename("/usr/bin/true"), "true") && safe_basename("true") == NULL &&
	    safe_basename("/usr/") == NULL && equal(safe_basename("./x"), "x"), "safe_basename");
	check(strlcpy(buffer, "1234567", sizeof(buffer)) == 7 && equal(buffer, "1234567"), "strlcpy");
	check(strlcpy(buffer, "123456789", sizeof(buffer)) == 9 && equal(buffer, "1234567"), "cuts");
	memset(buffer, 'x', sizeof(buffer));
	check(strlcpy(buffer, "12", 0) == 2 && buffer[0] == 'x', "writes nothing where there is no room");
	strlcpy(buffer, "123", sizeof(buffer));
	check(strlcat(buffer, "4567", sizeof(buffer)) == 7 && equal(buffer, "1234567"), "strlcat");
	check(strlcat(buffer, "89", sizeof(buffer)) == 9 && equal(buffer, "1234567"), "cuts");
	check(strlcat(buffer, "89", 4) == 6 && equal(buffer, "1234567"), "goes by the room it has");
	memory = reallocarray(NULL, 4, 8);
	check(memory != NULL, "reallocarray");
	/* A variable, because compilers warn about a constant that is too large. */
	{
		volatile size_t much = (size_t)1 << (sizeof(size_t) * 4);

		errno = 0;
		check(reallocarray(NULL, much, much) == NULL && errno == ENOMEM, "of too much is ENOMEM");
	}
	free(memory);
	memory = quark_reallocarray(NULL, 4, 8);
	check(memory != NULL && quark_reallocarray(memory, SIZE_MAX / 2, 3) == NULL && errno == ENOMEM,
	    "and so is ours");
	free(memory);
}

static void check_base64(void)
{
	static const struct { const char *bytes, *text; } pairs[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd", "//79" }, { "\xfb\xef", "++8=" },
	};
	static const char *const broken[] = {
		"Z", "Zg", "Zg=", "Zg=g", "Zg===", "====", "=", "Zm9=", "Zh==", "Zm8=Zg==", "Z*==",
	};
	unsigned char bytes[16];
	char text[16];
	size_t i;

	for (i = 0; i < nitems(pairs); i++) {
		const int length = (int)strlen(pairs[i].bytes), size = (int)strlen(pairs[i].text);

		check(qb64_ntop((const unsigned char *)pairs[i].bytes, (size_t)length, text, sizeof(text)) == size &&
		    equal(text, pairs[i].text), "qb64_ntop");
		check(qb64_ntop((const unsigned char *)pairs[i].bytes, (size_t)length, text, (size_t)size) == -1,
		    "without room for the NUL");
		check(qb64_pton(pairs[i].text, bytes, (size_t)length) == length &&
		    memcmp(bytes, pairs[i].bytes, (size_t)length) == 0, "qb64_pton");
		check(length == 0 || qb64_pton(pairs[i].text, bytes, (size_t)length - 1) == -1, "without room");
	}
	check(qb64_pton(" Zm\n9 v\t", bytes, sizeof(bytes)) == 3 && memcmp(bytes, "foo", 3) == 0, "blanks do not count");
	check(qb64_pton("Zm9vYmE=", NULL, 0) == 5, "the length alone");
	for (i = 0; i < nitems(broken); i++)
		check(qb64_pton(broken[i], bytes, sizeof(bytes)) == -1, broken[i]);
}

/* The content of a FILE, up to a size. */
static const char *content_of(FILE *file, char *text, size_t size)
{
	size_t length;

	rewind(file);
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

static void check_dump(void)
{
	char text[512], bytes[54];
	FILE *file = tmpfile();
	size_t i;

	sshbuf_dump_data("hello\n\x80 0123456789", 17, file);
	check(equal(content_of(file, text, sizeof(text)),
	    "0000: 68 65 6c 6c 6f 0a 80 20 30 31 32 33 34 35 36 37  hello.. 01234567\n"
	    "0016: 38                                               8\n"), "sshbuf_dump_data");
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	file = tmpfile();
	sshbuf_dump_data(bytes, sizeof(bytes), file);
	content_of(file, text, sizeof(text));
	check(strstr(text, "\n0048: 30 31 32 33 34 35 ") != NULL, "of 54 bytes");
	file = tmpfile();
	sshbuf_dump_data(bytes, 0, file);
	check(equal(content_of(file, text, sizeof(text)), ""), "of nothing");
}

static void check_log(void)
{
	char path[64], text[512], expected[512];
	const int file = file_with("", 0, path, sizeof(path)), saved = dup(STDERR_FILENO);
	int line;

	dup2(file, STDERR_FILENO);
	quark_verbose = QUARK_VL_WARN;
	errno = ENOENT;
	line = __LINE__; qwarn("%s %d", "seventeen", 17); qwarnx("no errno"); qdebug("not said"); qdebugx("nor this");
	const int kept = errno;
	quark_verbose = QUARK_VL_DEBUG;
	qlog(QUARK_VL_DEBUG, 1, "debug");
	qlogx(3, 0, "more");
	quark_verbose = QUARK_VL_SILENT;
	qwarn("silent");
	setup_libbpf_logs();
	dup2(saved, STDERR_FILENO);
	lseek(file, 0, SEEK_SET);
	text[qread(file, text, sizeof(text) - 1)] = '\0';
	snprintf(expected, sizeof(expected),
	    "%1$s: check_log:%2$d: seventeen 17: No such file or directory\n%1$s: check_log:%2$d: no errno\n"
	    "%1$s: check_log:%3$d: debug: No such file or directory\n", program_invocation_short_name, line, line + 3);
	check(kept == ENOENT, "the log leaves errno");
	check(equal(text, expected), "the log");
	if (!equal(text, expected))
		printf("# %s# %s", text, expected);
	close(file);
	close(saved);
	unlink(path);
}

static void check_machine(void)
{
	const u64 boot = quark_get_boottime();
	struct timespec wall, since;
	char *line = find_line_p("/proc/stat", "btime ");
	u64 btime = 0, stamp, error;

	clock_gettime(CLOCK_BOOTTIME, &since);
	clock_gettime(CLOCK_REALTIME, &wall);
	stamp = quark_time_to_wallclock((u64)since.tv_sec * NS_PER_S + (u64)since.tv_nsec);
	error = (u64)wall.tv_sec * NS_PER_S + (u64)wall.tv_nsec - stamp;
	check(error < 20 * NS_PER_MS, "a time since boot is no later than the wall clock says afterwards");
	check(line != NULL && strtou64(&btime, line + 6, 10) == 0 && NS_TO_S(boot) == btime, "quark_get_boottime");
	free(line);
	check(quark_update_boottime() == 0 && quark_get_boottime() == boot, "is the same each time");
	check(clock_diff(CLOCK_REALTIME, CLOCK_BOOTTIME) - boot < NS_PER_MS, "clock_diff");
	check(clock_diff((clockid_t)77, CLOCK_BOOTTIME) == 0, "of no clock");
#if QUARK_API < 9
	check(fetch_boottime() == boot, "fetch_boottime");
#endif
	check(ipv6_supported() == 0 || ipv6_supported() == 1, "ipv6_supported");
	check(ipv6_supported() == (access("/proc/net/if_inet6", F_OK) == 0), "as /proc has it");
}

/* ---- JSON */

static void check_hanson(void)
{
	static const char expected[] = "{\"basic\":{\"foo\":\"bar\",\"zero\":0,\"neg_one\":-1,"
	    "\"int64_min\":-9223372036854775808}}";
	struct hanson h;
	char *text = NULL;
	size_t length = 0;
	int outer = 1, inner = 1;

	check(hanson_open(&h) == 0 && h.error == 0 && h.buf != NULL && h.buf_w == h.buf + 1 && h.buf_len == 16384,
	    "hanson_open");
	check(hanson_add_object(&h, "basic", &outer) == 0 && outer == 0, "hanson_add_object");
	check(hanson_add_key_value(&h, "foo", "bar", &inner) == 0 && inner == 0, "hanson_add_key_value");
	check(hanson_add_key_value_int(&h, "zero", 0, &inner) == 0, "hanson_add_key_value_int");
	check(hanson_add_key_value_int(&h, "neg_one", -1, &inner) == 0, "of less than zero");
	check(hanson_add_key_value_int(&h, "int64_min", INT64_MIN, &inner) == 0, "of the least");
	check(hanson_close_object(&h) == 0, "hanson_close_object");
	check(hanson_close(&h, &text, &length) == 0, "hanson_close");
	check(equal(text, expected) && length == strlen(expected), "an object");
	free(text);
}

static void check_hanson_arrays(void)
{
	static const char expected[] = "{\"a\":[1,\"two\",true,false,9223372036854775807],\"yes\":true,\"no\":false,\"e\":[]x"
	    "no comma\"\"}";
	struct hanson h;
	char *text = NULL;
	size_t length = 0;
	int outer = 1, inner = 1;

	hanson_open(&h);
	check(hanson_add_array(&h, "a", &outer) == 0, "hanson_add_array");
	check(hanson_add_integer(&h, 1, &inner) == 0, "hanson_add_integer");
	check(hanson_add_string(&h, "two", &inner) == 0, "hanson_add_string");
	check(hanson_add_boolean(&h, 17, &inner) == 0 && hanson_add_boolean(&h, 0, &inner) == 0, "hanson_add_boolean");
	hanson_add_integer(&h, INT64_MAX, &inner);
	check(hanson_close_array(&h) == 0, "hanson_close_array");
	check(hanson_add_key_value_bool(&h, "yes", 1, &outer) == 0, "hanson_add_key_value_bool");
	hanson_add_key_value_bool(&h, "no", 0, &outer);
	hanson_add_array(&h, "e", &outer);
	hanson_close_array(&h);
	check(hanson_add_ascii(&h, 'x') == 0, "hanson_add_ascii");
	check(hanson_add_escaped(&h, "no comma") == 0, "hanson_add_escaped");
	hanson_add_string(&h, "", NULL);
	check(hanson_close(&h, &text, &length) == 0 && equal(text, expected) && length == strlen(expected), "arrays");
	free(text);
}

static void check_hanson_escapes(void)
{
	static const char begin[] = "{\"a\\\"b\":\"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b"
	    "\\f\\r\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b"
	    "\\u001c\\u001d\\u001e\\u001f !\\\"#$";
	struct hanson h;
	char all[256], *text = NULL;
	size_t length = 0, i;
	int first = 1;

	for (i = 1; i < sizeof(all); i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	hanson_open(&h);
	hanson_add_key_value(&h, "a\"b", all, &first);
	check(hanson_close(&h, &text, &length) == 0 && strncmp(text, begin, strlen(begin)) == 0,
	    "control characters and quotes");
	check(text != NULL && strstr(text, "[\\\\]") != NULL, "a backslash");
	check(text != NULL && strstr(text, "}~\x7f\x80\x81") != NULL && equal(text + length - 4, "\xfe\xff\"}"),
	    "the rest is as it is");
	free(text);
}

/* Writes several times more than the first size of the memory. */
static void check_hanson_growth(void)
{
	struct hanson h;
	char *text = NULL;
	size_t length = 0, i;
	int first = 1, result;

	result = hanson_open(&h);
	for (i = 0; i < 100000; i++)
		result |= hanson_add_integer(&h, 7, &first);
	result |= hanson_close(&h, &text, &length);
	check(result == 0 && length == 2 + 100000 + 99999 && strlen(text) == length, "200 KB");
	for (i = 1; i < length - 1 && text[i] == (i % 2 ? '7' : ','); i++)
		;
	check(i == length - 1, "and all of it right");
	free(text);
}

/* ---- BTF */

/* Declarations of libbpf, whose headers a program need not have. */
#ifdef __cplusplus
extern "C" {
#endif
struct btf *btf__parse(const char *path, void *extension);
void btf__free(struct btf *btf);
#ifdef __cplusplus
}
#endif

/* Compares the types that libbpf has read with ours. */
static void check_types(void)
{
	struct btf *types = btf__parse("Fuzz/corpus/btf/raw", NULL);
	struct quark_btf *btf = quark_btf_open2("Fuzz/corpus/btf/raw", NULL);
	struct quark_btf_target *target;
	int equal_offsets = 1;

	for (target = btf->targets; target->dotname != NULL; target++)
		equal_offsets &= btf_root_offset(types, target->dotname, 1) == target->offset;
	check(equal_offsets && target - btf->targets == 51, "btf_root_offset");
	check(btf_number_of_params(types, "no_such_function") == -1, "btf_number_of_params");
	check(btf_number_of_params_of_ptr(types, "cred", "uid") == -1, "btf_number_of_params_of_ptr");
	check(btf_index_of_param(types, "no_such_function", "x") == -1, "btf_index_of_param");
	btf__free(types);
	quark_btf_close(btf);
}

static void check_btf(void)
{
	struct quark_btf *btf = quark_btf_open2("Fuzz/corpus/btf/raw", "name");

	check(btf != NULL && equal(btf->kname, "name") && btf->targets[0].dotname != NULL, "quark_btf_open2");
	check(btf != NULL && quark_btf_offset(btf, "cred.uid") > 0, "quark_btf_offset");
	quark_btf_close(btf);
	check(quark_btf_open_hub("0.0.0") == NULL && errno == ENOENT, "quark_btf_open_hub");
	btf = quark_btf_open();
	check(btf == NULL || btf->kname != NULL, "quark_btf_open");
	quark_btf_close(btf);
}

/* ---- lists and trees */

struct node {
	int key;
	TAILQ_ENTRY(node) link;
	RB_ENTRY(node) entry;
};
TAILQ_HEAD(list, node);
RB_HEAD(tree, node);

static int compare(struct node *left, struct node *right)
{
	return left->key < right->key ? -1 : left->key > right->key;
}

RB_PROTOTYPE_STATIC(tree, node, entry, compare)
RB_GENERATE_STATIC(tree, node, entry, compare)

static int keys(struct list *list)
{
	struct node *node;
	int result = 0;

	TAILQ_FOREACH(node, list, link)
		result = result * 10 + node->key;
	return result;
}

static void check_lists(void)
{
	struct list list = TAILQ_HEAD_INITIALIZER(list), other;
	struct node nodes[5], *node, *next;
	int i, result = 0;

	for (i = 0; i < 5; i++)
		nodes[i].key = i + 1;
	TAILQ_INIT(&other);
	check(TAILQ_EMPTY(&list) && TAILQ_FIRST(&list) == NULL && TAILQ_LAST(&other, list) == NULL, "empty lists");
	TAILQ_INSERT_TAIL(&list, &nodes[1], link);
	TAILQ_INSERT_HEAD(&list, &nodes[0], link);
	TAILQ_INSERT_AFTER(&list, &nodes[1], &nodes[4], link);
	TAILQ_INSERT_BEFORE(&nodes[4], &nodes[2], link);
	TAILQ_INSERT_AFTER(&list, &nodes[2], &nodes[3], link);
	check(keys(&list) == 12345, "all insertions");
	TAILQ_FOREACH_REVERSE(node, &list, list, link)
		result = result * 10 + node->key;
	check(result == 54321 && TAILQ_PREV(&nodes[0], list, link) == NULL, "backwards");
	TAILQ_FOREACH_SAFE(node, &list, link, next)
		if (node->key % 2 == 0) {
			TAILQ_REMOVE(&list, node, link);
			TAILQ_INSERT_TAIL(&other, node, link);
		}
	check(keys(&list) == 135 && keys(&other) == 24 && TAILQ_LAST(&list, list)->key == 5, "removals");
	TAILQ_CONCAT(&list, &other, link);
	check(keys(&list) == 13524 && TAILQ_EMPTY(&other), "both");
	TAILQ_FOREACH_REVERSE_SAFE(node, &list, list, link, next)
		TAILQ_REMOVE(&list, node, link);
	node = NULL;
	TAILQ_FOREACH_FROM(node, &list, link)
		result = 0;
	check(TAILQ_EMPTY(&list) && result == 54321, "and none");
}

/* The height of a valid tree, or -1. */
static int height(struct node *node, struct node *parent)
{
	int left, right;

	if (node == NULL)
		return 0;
	left = height(RB_LEFT(node, entry), node);
	right = height(RB_RIGHT(node, entry), node);
	if (left == -1 || right == -1 || left - right > 1 || right - left > 1 || RB_PARENT(node, entry) != parent)
		return -1;
	return (left > right ? left : right) + 1;
}

static void check_trees(void)
{
	static struct node nodes[1000];
	struct tree tree = RB_INITIALIZER(&tree);
	struct node *node, *next, key;
	unsigned int random = 1;
	int i, last = -1, size = 0, is_right = 1;

	check(RB_EMPTY(&tree) && RB_ROOT(&tree) == NULL && RB_MIN(tree, &tree) == NULL, "an empty tree");
	/* Insert and remove at random; the even ones stay. */
	for (i = 0; i < 20000; i++) {
		random = random * 1103515245 + 12345;
		node = &nodes[random / 65536 % nitems(nodes)];
		node->key = (int)(node - nodes);
		if (RB_FIND(tree, &tree, node) == node)
			is_right &= RB_REMOVE(tree, &tree, node) == node;
		else
			is_right &= RB_INSERT(tree, &tree, node) == NULL;
		if (i % 100 == 0)
			is_right &= height(RB_ROOT(&tree), NULL) >= 0;
	}
	for (i = 0; i < 1000; i++) {
		nodes[i].key = i;
		if (i % 2 == 0 && RB_INSERT(tree, &tree, &nodes[i]) == NULL)
			size++;
		else if (i % 2 == 1 && RB_FIND(tree, &tree, &nodes[i]) != NULL)
			RB_REMOVE(tree, &tree, &nodes[i]);
	}
	check(is_right && size > 0 && height(RB_ROOT(&tree), NULL) <= 13, "insertions and removals");
	size = 0;
	RB_FOREACH(node, tree, &tree) {
		is_right &= node->key > last && node->key % 2 == 0;
		last = node->key;
		size++;
	}
	check(is_right && size == 500 && RB_MAX(tree, &tree)->key == last, "in order");
	key.key = 501;
	check(RB_FIND(tree, &tree, &key) == NULL && RB_NFIND(tree, &tree, &key)->key == 502, "the next one");
	key.key = 502;
	check(RB_FIND(tree, &tree, &key) == &nodes[502] && RB_NFIND(tree, &tree, &key) == &nodes[502], "the very one");
	check(RB_NEXT(tree, &tree, &nodes[502]) == &nodes[504] && RB_PREV(tree, &tree, &nodes[502]) == &nodes[500],
	    "its neighbours");
	check(RB_INSERT(tree, &tree, &key) == &nodes[502], "the same key again");
	key.key = 999;
	check(RB_NFIND(tree, &tree, &key) == NULL, "behind the last one");
	RB_FOREACH_REVERSE_FROM(node, tree, &nodes[2])
		size++;
	RB_FOREACH_FROM(node, tree, &nodes[996])
		size++;
	check(size == 504, "from one on");
	RB_FOREACH_REVERSE(node, tree, &tree)
		is_right &= node->key <= last;
	RB_FOREACH_SAFE(node, tree, &tree, next)
		if (node->key < 500)
			RB_REMOVE(tree, &tree, node);
	check(is_right && RB_MIN(tree, &tree)->key == 500 && height(RB_ROOT(&tree), NULL) > 0, "the upper half");
	RB_FOREACH_REVERSE_SAFE(node, tree, &tree, next)
		RB_REMOVE(tree, &tree, node);
	check(RB_EMPTY(&tree), "nothing");
	RB_INIT(&tree);
}

extern int nobody_defines_this __weak;

int main(void)
{
	struct __aligned(64) { char byte; } wide;
	u8 a = 0xff; u16 b = 0xffff; u32 c = 0xffffffff; u64 d = 0xffffffffffffffff;
	s8 e = -1; s16 f = -1; s32 g = -1; s64 h = -1;

	show_process();
	show_event();
	show_raw_event();
	show_queue();
	show_others();
	check(a == (u8)e && b == (u16)f && c == (u32)g && d == (u64)h && sizeof(wide) == 64, "types");
	check(likely(&nobody_defines_this == NULL) && !unlikely(0), "a weak name");
	check_offsets();
	check_constants();
	check_refusals();
	check_closed();
	check_raw_events();
#ifdef QUARK_RF_PID
	check_rules();
#endif
	check_reading();
	check_large_file();
	check_lines_and_links();
	check_closing();
	check_numbers();
	check_texts();
	check_base64();
	check_dump();
	check_log();
	check_machine();
	check_hanson();
	check_hanson_arrays();
	check_hanson_escapes();
	check_hanson_growth();
	check_btf();
	check_types();
	check_lists();
	check_trees();
	printf("1..%d\n", count);
	return failures != 0;
}
