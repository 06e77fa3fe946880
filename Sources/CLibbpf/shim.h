#ifndef QUARK_CLIBBPF_SHIM_H
#define QUARK_CLIBBPF_SHIM_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* CLinux keeps the text, CQuark writes the log; this is in C because a va_list cannot pass through Swift. */
extern int clinux_log_vprint(int level, const char *format, va_list arguments);
extern void cquark_log_libbpf(int level, const char *format, va_list arguments);

static inline int clibbpf_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	va_list again;

	va_copy(again, arguments);
	cquark_log_libbpf((int)level, format, again);
	va_end(again);
	return level == LIBBPF_DEBUG ? 0 : clinux_log_vprint((int)level, format, arguments);
}

/* Sends libbpf's messages to the log and to CLinux's buffer instead of stderr. */
static inline void clibbpf_capture_log(void)
{
	libbpf_set_print(clibbpf_print);
}

/* Opens an object with the kernel's types from a file instead of /sys/kernel/btf. NULL with errno. */
static inline struct bpf_object *clibbpf_open(const void *elf, size_t size, const char *types_path)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "quark", .btf_custom_path = types_path);

	return bpf_object__open_mem(elf, size, &options);
}

/* The BTF of an object, which names its types and those of the kernel; the caller frees it. NULL with errno. */
static inline void *clibbpf_types(const void *elf, size_t size, size_t *count)
{
	struct bpf_object *object = bpf_object__open_mem(elf, size, NULL);
	const void *bytes;
	void *copy = NULL;
	__u32 length;

	if (object == NULL)
		return NULL;
	bytes = btf__raw_data(bpf_object__btf(object), &length);
	if (bytes != NULL && (copy = malloc(length)) != NULL)
		memcpy(copy, bytes, length);
	*count = length;
	bpf_object__close(object);
	return copy;
}

/* The settings with which the programs of an object are loaded. */
struct clibbpf_preparation {
	/* For each program that is attached to the entry or return of a function: its name, and the function's id. */
	const char *const *function_names;
	const unsigned int *function_ids;
	size_t function_count;
};

/*
 * libbpf calls this before it loads a program. For libbpf all our programs are raw tracepoints: for an fentry program
 * it would look up the function itself, and read all types of the kernel to do so.
 */
static inline int clibbpf_prepare(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	const struct clibbpf_preparation *how = (const struct clibbpf_preparation *)cookie;
	const char *section = bpf_program__section_name(program);

	if (strncmp(section, "quark_kprobe/", 13) == 0 || strncmp(section, "quark_kretprobe/", 16) == 0)
		bpf_program__set_type(program, BPF_PROG_TYPE_KPROBE);
	if (strncmp(section, "quark_kprobe/any", 16) == 0 || strcmp(section, "quark_kretprobe/any") == 0) {
		bpf_program__set_expected_attach_type(program, BPF_TRACE_KPROBE_MULTI);
		options->expected_attach_type = BPF_TRACE_KPROBE_MULTI;
	}
	for (size_t i = 0; i < how->function_count; i++) {
		const enum bpf_attach_type type =
		    strncmp(section, "quark_fexit/", 12) == 0 ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY;

		if (strcmp(how->function_names[i], bpf_program__name(program)) != 0)
			continue;
		bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
		bpf_program__set_expected_attach_type(program, type);
		options->expected_attach_type = type;
		options->attach_btf_id = how->function_ids[i];
	}
	return 0;
}

/* Attaches a program to the entries or returns of all these functions, each with its own cookie. NULL with errno. */
static inline struct bpf_link *clibbpf_attach_kprobes(
    struct bpf_program *program, const char **functions, const uint64_t *cookies, size_t count, int is_return)
{
	LIBBPF_OPTS(bpf_kprobe_multi_opts, options, .syms = functions, .cookies = (const __u64 *)cookies, .cnt = count,
	    .retprobe = is_return != 0);

	return bpf_program__attach_kprobe_multi_opts(program, NULL, &options);
}

enum { CLIBBPF_SECTIONS = 5 };

/* Registers our sections with libbpf while an object is opened and loaded; stores their ids in `ids`. */
static inline int clibbpf_register(const struct clibbpf_preparation *how, int ids[CLIBBPF_SECTIONS])
{
	static const char *const sections[CLIBBPF_SECTIONS] = {
		"quark_raw+", "quark_fentry+", "quark_fexit+", "quark_kprobe+", "quark_kretprobe+",
	};
	/*
	 * This registration stays. When the last one is removed, libbpf before 1.3 frees the table of sections and goes
	 * on using it: it treats a realloc(3) to size 0 as one that failed.
	 */
	static int keeper;
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .cookie = (long)how, .prog_prepare_load_fn = clibbpf_prepare);

	if (keeper <= 0)
		keeper = libbpf_register_prog_handler("quark_nothing", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, NULL);
	if (keeper < 0)
		return keeper;
	for (int i = 0; i < CLIBBPF_SECTIONS; i++) {
		ids[i] = libbpf_register_prog_handler(sections[i], BPF_PROG_TYPE_RAW_TRACEPOINT, 0, &options);
		if (ids[i] < 0) {
			const int error = ids[i];

			while (i-- > 0)
				libbpf_unregister_prog_handler(ids[i]);
			return error;
		}
	}
	return 0;
}

static inline void clibbpf_unregister(const int ids[CLIBBPF_SECTIONS])
{
	for (int i = 0; i < CLIBBPF_SECTIONS; i++)
		libbpf_unregister_prog_handler(ids[i]);
}

#endif
