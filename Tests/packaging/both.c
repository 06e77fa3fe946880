/* A program that uses libbpf and zlib itself, beside the library with its own copies. Prints the version of each. */
#include <quark.h>

#include <bpf/libbpf.h>
#include <stdio.h>
#include <zlib.h>

int main(void)
{
	struct quark_queue_attr attr;

	quark_queue_default_attr(&attr);
	printf("libbpf %s, zlib %s, hold time %d ms\n", libbpf_version_string(), zlibVersion(), attr.hold_time);
	return 0;
}
