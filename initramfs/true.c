/*
 * The guest's /bin/true: tests run it to get a process that starts and ends. Without a C library it has a few hundred
 * bytes, and does nothing between exec and exit.
 */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n"
	"	mov $231, %eax\n"	/* exit_group */
	"	xor %edi, %edi\n"
	"	syscall\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n"
	"	mov x8, #94\n"		/* exit_group */
	"	mov x0, #0\n"
	"	svc #0\n");
#else
#error "true.c: no system call sequence for this machine"
#endif
