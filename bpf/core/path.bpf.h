/* Paths of files, directories and control groups as fields. */
#ifndef QUARK_BPF_PATH
#define QUARK_BPF_PATH

#include "core/field.bpf.h"

/* One step from a leaf up to the task's root, like prepend_path() in fs/d_path.c of the kernel. 0 when done. */
__noinline int path_step(__u32 slot)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct dentry *dentry, *parent;
	struct vfsmount *mnt;

	if (!s)
		return 0;
	dentry = s->dentry;
	mnt = s->mnt;
	if (dentry == s->root_dentry && mnt == s->root_mnt) {
		FIELD(s)->flags = 0;
		return 0;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == s->mnt_root || dentry == parent) {
		struct mount *mount = (void *)mnt - bpf_core_field_offset(((struct mount *)0)->mnt);
		struct mount *up = BPF_CORE_READ(mount, mnt_parent);

		if (up != mount) {
			/* This is the root of a mount: go on at its mount point. */
			s->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			s->mnt = &up->mnt;
			s->mnt_root = BPF_CORE_READ(up, mnt.mnt_root);
			return 1;
		}
		/* This is the top of a tree outside the task's root, or a file that is not mounted, such as a memfd. */
		FIELD(s)->flags = 0;
		if (FIELD(s)->len > 0 || !BPF_CORE_READ(dentry, d_op, d_dname))
			return 0;
		FIELD(s)->flags = WIRE_FIELD_NAME;
		component_append(s, BPF_CORE_READ(dentry, d_name.name));
		return 0;
	}
	s->dentry = parent;
	return component_append(s, BPF_CORE_READ(dentry, d_name.name));
}

/* Walks are nested loops: each loop is verified once, and has few turns. */
#define WALK_TURNS 16
_Static_assert(WALK_TURNS * WALK_TURNS == WIRE_PATH_DEPTH, "the depth of a walk is its turns");

__noinline int path_steps(__u32 slot)
{
	int i;

	for (i = 0; i < WALK_TURNS; i++)
		if (!path_step(slot))
			return 0;
	return 1;
}

/*
 * Appends the components of (mnt, dentry), leaf first, up to the task's root: the path that the task itself sees. The
 * last three arguments are pointers.
 */
__noinline int path_append(__u32 slot, __u32 kind, __u64 fs_address, __u64 mnt_address, __u64 dentry_address)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct fs_struct *fs = (struct fs_struct *)fs_address;
	struct vfsmount *mnt = (struct vfsmount *)mnt_address;
	int i;

	if (!s || !mnt || !dentry_address)
		return 0;
	s->dentry = (struct dentry *)dentry_address;
	s->mnt = mnt;
	s->mnt_root = BPF_CORE_READ(mnt, mnt_root);
	s->root_dentry = BPF_CORE_READ(fs, root.dentry);
	s->root_mnt = BPF_CORE_READ(fs, root.mnt);
	field_begin(s, kind);
	FIELD(s)->flags = WIRE_FIELD_CUT;
	for (i = 0; i < WALK_TURNS; i++)
		if (!path_steps(slot))
			break;
	FIELD(s)->orig_len = FIELD(s)->len;
	field_end(s);
	return 0;
}

__noinline int cwd_append(__u32 slot, __u64 task_address)
{
	struct fs_struct *fs = BPF_CORE_READ((struct task_struct *)task_address, fs);

	if (fs)
		path_append(slot, WIRE_FIELD_CWD, (__u64)fs, (__u64)BPF_CORE_READ(fs, pwd.mnt),
		    (__u64)BPF_CORE_READ(fs, pwd.dentry));
	return 0;
}

static __always_inline struct kernfs_node *node_parent(struct kernfs_node *node)
{
	struct kernfs_node___before_6_15 *old = (void *)node;

	if (bpf_core_field_exists(old->parent))
		return (void *)BPF_CORE_READ(old, parent);
	return BPF_CORE_READ(node, __parent);
}

/* One step from a control group up to the root of its hierarchy. 0 when done. */
__noinline int cgroup_step(__u32 slot)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct kernfs_node *node, *parent;

	if (!s)
		return 0;
	node = s->node;
	parent = node_parent(node);
	if (!parent) {
		FIELD(s)->flags = 0;
		return 0;
	}
	s->node = parent;
	return component_append(s, BPF_CORE_READ(node, name));
}

__noinline int cgroup_steps(__u32 slot)
{
	int i;

	for (i = 0; i < WALK_TURNS; i++)
		if (!cgroup_step(slot))
			return 0;
	return 1;
}

/*
 * Appends the control group in the unified hierarchy. If the task is in the root of that, it appends the control group
 * in the hierarchy with the pids controller, as on machines that have only version 1.
 */
__noinline int cgroup_append(__u32 slot, __u64 task_address)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct css_set *set = BPF_CORE_READ((struct task_struct *)task_address, cgroups);
	struct kernfs_node *node = BPF_CORE_READ(set, dfl_cgrp, kn);
	int i;

	if (!s || !node)
		return 0;
	if (!node_parent(node) && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		struct cgroup_subsys_state *css = NULL;
		__u64 index = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);

		bpf_probe_read_kernel(&css, sizeof(css), (void *)&set->subsys + index * sizeof(css));
		if (css)
			node = BPF_CORE_READ(css, cgroup, kn);
	}
	s->node = node;
	field_begin(s, WIRE_FIELD_CGROUP);
	FIELD(s)->flags = WIRE_FIELD_CUT;
	for (i = 0; i < WALK_TURNS; i++)
		if (!cgroup_steps(slot))
			break;
	FIELD(s)->orig_len = FIELD(s)->len;
	field_end(s);
	return 0;
}

#endif
