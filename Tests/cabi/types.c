/*
 * Tests the functions of quark.h that look into types of libbpf, with types that are made here, because no kernel has
 * all cases in one place. Prints TAP.
 */
#include <bpf/btf.h>
#include <quark.h>

static int count, failures;

static void check(int condition, const char *what)
{
	printf("%sok %d - %s\n", condition ? "" : "not ", ++count, what);
	failures += !condition;
}

/* The types: int; an old int of 3 bits at bit 5; enum e { A = 7, B = -2 }; and those in make_structures(). */
enum {
	INT = 1, BITS, ENUM, INNER, CONST_INNER, UNNAMED, OUTER, FLAGGED, UNION, PROTO, POINTER, OPERATIONS, FUNCTION, TASK
};

static void make_structures(struct btf *btf)
{
	/* struct inner { int x; int y; } */
	btf__add_struct(btf, "inner", 8);
	btf__add_field(btf, "x", INT, 0, 0);
	btf__add_field(btf, "y", INT, 32, 0);
	btf__add_const(btf, INNER);
	/* struct { int a; const struct inner b; int c : 3, after 5 bits, in the form of old compilers; } */
	btf__add_struct(btf, NULL, 16);
	btf__add_field(btf, "a", INT, 0, 0);
	btf__add_field(btf, "b", CONST_INNER, 32, 0);
	btf__add_field(btf, "old_bits", BITS, 96, 0);
	/* struct outer { int first; struct { ... }; int a; } */
	btf__add_struct(btf, "outer", 24);
	btf__add_field(btf, "first", INT, 0, 0);
	btf__add_field(btf, NULL, UNNAMED, 32, 0);
	btf__add_field(btf, "a", INT, 160, 0);
	/* struct flagged { int bits : 3; int whole; } */
	btf__add_struct(btf, "flagged", 8);
	btf__add_field(btf, "bits", INT, 0, 3);
	btf__add_field(btf, "whole", INT, 32, 0);
	btf__add_union(btf, "choice", 8);
	btf__add_field(btf, "one", INT, 0, 0);
	btf__add_field(btf, "two", INNER, 0, 0);
}

static void make_functions(struct btf *btf)
{
	btf__add_func_proto(btf, INT);
	btf__add_func_param(btf, "task", INT);
	btf__add_func_param(btf, "flags", INT);
	btf__add_func_param(btf, "size", INT);
	btf__add_ptr(btf, PROTO);
	/* struct operations { int (*open)(...); int no_pointer; } */
	btf__add_struct(btf, "operations", 16);
	btf__add_field(btf, "open", POINTER, 0, 0);
	btf__add_field(btf, "no_pointer", INT, 64, 0);
	btf__add_func(btf, "do_it", BTF_FUNC_STATIC, PROTO);
	/* The name before 5.5 of the member that newer kernels call start_boottime. */
	btf__add_struct(btf, "task_struct", 16);
	btf__add_field(btf, "real_start_time", INT, 64, 0);
}

static void check_offsets(struct btf *btf)
{
	check(btf_root_offset(btf, "inner.y", 0) == 4, "a member");
	check(btf_root_offset(btf, "outer.first", 0) == 0, "at 0");
	check(btf_root_offset(btf, "outer.a", 0) == 4, "of a structure without a name, which comes first");
	check(btf_root_offset(btf, "outer.b", 0) == 8, "of one in that");
	check(btf_root_offset(btf, "outer.b.y", 0) == 12, "through const");
	check(btf_root_offset(btf, "choice.two.y", 0) == 4, "of a union");
	check(btf_root_offset(btf, "flagged.whole", 0) == 4, "behind a bit-field");
	check(btf_root_offset(btf, "flagged.bits", 0) == -1, "a bit-field has none");
	check(btf_root_offset(btf, "outer.old_bits", 0) == -1, "nor has an old one");
	check(btf_root_offset(btf, "outer.what", 0) == -1 && btf_root_offset(btf, "what.first", 0) == -1,
	    "nor what there is not");
	check(btf_root_offset(btf, "outer.first.x", 0) == -1, "nor a member of a number");
	check(btf_root_offset(btf, "outer", 0) == -1 && btf_root_offset(btf, "", 0) == -1 &&
	    btf_root_offset(btf, "outer.", 0) == -1 && btf_root_offset(btf, ".", 0) == -1, "nor half a name");
	check(btf_root_offset(btf, "letters.A", 0) == 7 && btf_root_offset(btf, "letters.B", 0) == -2, "constants");
	check(btf_root_offset(btf, "letters.C", 0) == -1, "a constant that there is not");
	check(btf_root_offset(btf, "task_struct.start_boottime", 0) == -1, "another kernel's name");
	check(btf_root_offset(btf, "task_struct.start_boottime", 1) == 8, "with alternatives is found");
	check(btf_root_offset(btf, "inner.z", 1) == -1, "which not all have");
}

static void check_functions(struct btf *btf)
{
	check(btf_number_of_params(btf, "do_it") == 3, "a function's parameters");
	check(btf_number_of_params(btf, "inner") == -1, "a structure has none");
	check(btf_index_of_param(btf, "do_it", "task") == 0 && btf_index_of_param(btf, "do_it", "size") == 2, "their places");
	check(btf_index_of_param(btf, "do_it", "what") == -1 && btf_index_of_param(btf, "what", "task") == -1, "or none");
	check(btf_number_of_params_of_ptr(btf, "operations", "open") == 3, "of what a member points to");
	check(btf_number_of_params_of_ptr(btf, "operations", "no_pointer") == -1, "or does not");
	check(btf_number_of_params_of_ptr(btf, "operations", "what") == -1, "of no member");
	check(btf_number_of_params_of_ptr(btf, "what", "open") == -1, "of no structure");
}

int main(void)
{
	struct btf *btf = btf__new_empty();
	int bits;

	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	bits = btf__add_int(btf, "unsigned int", 4, 0);
	/* libbpf can only make whole integers: change it to three bits, after five others. */
	*(__u32 *)((struct btf_type *)btf__type_by_id(btf, (__u32)bits) + 1) = 5u << 16 | 3;
	btf__add_enum(btf, "letters", 4);
	btf__add_enum_value(btf, "A", 7);
	btf__add_enum_value(btf, "B", -2);
	make_structures(btf);
	make_functions(btf);
	check(btf__type_cnt(btf) == TASK + 1, "the types are those that are expected");
	check_offsets(btf);
	check_functions(btf);
	btf__free(btf);
	printf("1..%d\n", count);
	return failures != 0;
}
