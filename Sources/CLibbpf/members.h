/*
 * Finds offsets of members, and parameters of functions, in types that a client's libbpf has read.
 */
#ifndef QUARK_CLIBBPF_MEMBERS_H
#define QUARK_CLIBBPF_MEMBERS_H

#include <string.h>

#include <bpf/btf.h>

/* No kernel has more nested levels of unnamed structures. */
enum { CLIBBPF_DEEPEST = 32 };

/* Follows const, and nothing else. */
static inline __u32 clibbpf_without_const(const struct btf *btf, __u32 id)
{
	for (int i = 0; i < CLIBBPF_DEEPEST && id != 0 && btf_is_const(btf__type_by_id(btf, id)); i++)
		id = btf__type_by_id(btf, id)->type;
	return id;
}

/* 1 if `name` is equal to the `length` bytes of `text`. */
static inline int clibbpf_is_named(const struct btf *btf, __u32 name, const char *text, size_t length)
{
	const char *string = btf__name_by_offset(btf, name);

	return string != NULL && strncmp(string, text, length) == 0 && string[length] == '\0';
}

/* True for the old form of bit-fields: integers with fewer bits, from before structures had a flag for them. */
static inline int clibbpf_is_part_of_integer(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, clibbpf_without_const(btf, id));

	return type != NULL && btf_is_int(type) && (btf_int_bits(type) != 8 * type->size || btf_int_offset(type) != 0);
}

/*
 * Finds a member of a structure or union, also inside unnamed ones, in the order of their declarations. Adds its offset
 * in bits to `*bits`, and stores its type. Returns 1; 0 if there is none, or if it is a bit-field.
 */
static inline int clibbpf_find_member(const struct btf *btf, __u32 structure, const char *name, size_t length,
    int depth, __u64 *bits, __u32 *found)
{
	const struct btf_type *type = btf__type_by_id(btf, clibbpf_without_const(btf, structure));

	if (type == NULL || !btf_is_composite(type) || depth == CLIBBPF_DEEPEST)
		return 0;
	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = btf_members(type) + i;
		__u64 inner = *bits + btf_member_bit_offset(type, i);

		if (member->name_off != 0) {
			if (!clibbpf_is_named(btf, member->name_off, name, length))
				continue;
			if (btf_member_bitfield_size(type, i) != 0)
				return 0;
			if (!btf_kflag(type) && clibbpf_is_part_of_integer(btf, member->type))
				return 0;
			*bits = inner;
			*found = member->type;
			return 1;
		}
		if (clibbpf_find_member(btf, member->type, name, length, depth + 1, &inner, found)) {
			*bits = inner;
			return 1;
		}
	}
	return 0;
}

/* The id of a structure or union, or 0. */
static inline __u32 clibbpf_find_structure(const struct btf *btf, const char *name, size_t length)
{
	char root[128];
	int id;

	if (length >= sizeof(root))
		return 0;
	memcpy(root, name, length);
	root[length] = '\0';
	id = btf__find_by_name_kind(btf, root, BTF_KIND_STRUCT);
	if (id < 0)
		id = btf__find_by_name_kind(btf, root, BTF_KIND_UNION);
	return id < 0 ? 0 : (__u32)id;
}

/* The offset in bytes and the type of `root.member.member`; -1 if there is none, or if it does not begin at a byte. */
static inline long clibbpf_member_offset(const struct btf *btf, const char *dotname, __u32 *type)
{
	size_t length = strcspn(dotname, ".");
	__u64 bits = 0;

	*type = clibbpf_find_structure(btf, dotname, length);
	if (*type == 0 || dotname[length] == '\0')
		return -1;
	while (dotname[length] == '.') {
		dotname += length + 1;
		length = strcspn(dotname, ".");
		if (!clibbpf_find_member(btf, *type, dotname, length, 0, &bits, type))
			return -1;
	}
	return bits % 8 == 0 ? (long)(bits / 8) : -1;
}

/* Stores `enumeration.CONSTANT` in `*value`. Returns 0; -1 if there is none. */
static inline int clibbpf_constant(const struct btf *btf, const char *dotname, __s32 *value)
{
	const size_t length = strcspn(dotname, ".");
	char root[128];
	const struct btf_type *type;
	int id;

	if (length >= sizeof(root) || dotname[length] == '\0')
		return -1;
	memcpy(root, dotname, length);
	root[length] = '\0';
	id = btf__find_by_name_kind(btf, root, BTF_KIND_ENUM);
	if (id < 0)
		return -1;
	type = btf__type_by_id(btf, (__u32)id);
	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const struct btf_enum *constant = btf_enum(type) + i;

		if (clibbpf_is_named(btf, constant->name_off, dotname + length + 1, strlen(dotname + length + 1))) {
			*value = constant->val;
			return 0;
		}
	}
	return -1;
}

/* The prototype of a function, or NULL. */
static inline const struct btf_type *clibbpf_prototype(const struct btf *btf, const char *function)
{
	const int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);

	return type != NULL && btf_is_func_proto(type) ? type : NULL;
}

static inline int clibbpf_parameters(const struct btf *btf, const char *function)
{
	const struct btf_type *prototype = clibbpf_prototype(btf, function);

	return prototype == NULL ? -1 : (int)btf_vlen(prototype);
}

/* The number of parameters of the function that a member points to. */
static inline int clibbpf_parameters_of_member(const struct btf *btf, const char *structure, const char *member)
{
	const __u32 id = clibbpf_find_structure(btf, structure, strlen(structure));
	const struct btf_type *type;
	__u64 bits = 0;
	__u32 found;

	if (id == 0 || !clibbpf_find_member(btf, id, member, strlen(member), 0, &bits, &found))
		return -1;
	type = btf__type_by_id(btf, clibbpf_without_const(btf, found));
	if (type == NULL || !btf_is_ptr(type))
		return -1;
	type = btf__type_by_id(btf, clibbpf_without_const(btf, type->type));
	return type != NULL && btf_is_func_proto(type) ? (int)btf_vlen(type) : -1;
}

static inline int clibbpf_index_of_parameter(const struct btf *btf, const char *function, const char *name)
{
	const struct btf_type *prototype = clibbpf_prototype(btf, function);

	for (int i = 0; prototype != NULL && i < (int)btf_vlen(prototype); i++)
		if (clibbpf_is_named(btf, btf_params(prototype)[i].name_off, name, strlen(name)))
			return i;
	return -1;
}

#endif
