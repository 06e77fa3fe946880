/*
 * Both generations of quark.h in one program, each with a queue, over the same recording: main RECORDING [SHOWN].
 * SHOWN: how many of its events show what other families than processes have.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "half.h"

static int failures;

static void check(int condition, const char *what)
{
	if (!condition)
		printf("not so: %s\n", what);
	failures += !condition;
}

/* Events and processes do not depend on the generation. Only times do, all by the same difference. */
static int is_same(const struct seen *seven, const struct seen *nine, unsigned long long boot)
{
	return seven->events == nine->events && seven->pid == nine->pid && seven->id_change == nine->id_change &&
	    strcmp(seven->entity_id, nine->entity_id) == 0 && strcmp(seven->shown, nine->shown) == 0 &&
	    strcmp(seven->text, nine->text) == 0 && (seven->shown[0] != 0) == (seven->text[0] != 0) &&
	    seven->time - nine->time == boot && (nine->start == 0 || seven->start - nine->start == boot) &&
	    (nine->end == 0 || seven->end - nine->end == boot);
}

int main(int argc, char *argv[])
{
	enum { KPROBE = 1 << 1, EBPF = 1 << 2, FALLBACK = 1 << 25 };
	const unsigned long long year = 365ULL * 86400 * 1000000000;
	unsigned long long boot = 0, changes = 0, events = 0, same = 0, shown = 0;
	struct counted one, other;
	struct seen seven, nine;
	const char *words = "";

	if (argc < 2 || open_7(argv[1]) == -1 || open_9(argv[1]) == -1) {
		perror("cannot open both");
		return 1;
	}
	while (next_7(&seven) && next_9(&nine)) {
		if (events++ == 0)
			boot = seven.time - nine.time;
		same += (unsigned long long)is_same(&seven, &nine, boot);
		changes += nine.id_change != 0;
		shown += nine.shown[0] != 0;
	}
	check(events > 10 && same == events && changes > 0, "events are the same but for their times");
	check(shown == (argc > 2 ? strtoull(argv[2], NULL, 10) : 0), "and so is what they show");
	check(boot > 50 * year && nine.time < year, "which are since the epoch, and since boot");
	memset(&one, 0xff, sizeof(one));
	memset(&other, 0xff, sizeof(other));
	count_7(&one);
	count_9(&other);
	check(one.insertions == one.removals && one.insertions >= events && one.stalls == 0, "counters");
	check(one.insertions == other.insertions && one.removals == other.removals && one.collections == other.collections &&
	    one.malformed == other.malformed && one.late == other.late && one.refused == other.refused &&
	    one.lost_of_processes == other.lost_of_processes && one.stalls == other.stalls && one.backend == other.backend,
	    "are the same in both layouts");
	close_7();
	close_9();
	check(try_7(EBPF | KPROBE) == ENOENT && try_9(EBPF | KPROBE) == EINVAL, "two backends are for the older one");
	check(try_9(EBPF | KPROBE | FALLBACK) == ENOENT && try_9(KPROBE) == ENOENT, "unless one may fall back");
	check(try_7(0) == EINVAL && try_9(0) == EINVAL && try_9(FALLBACK) == EINVAL, "none is for nobody");
	check(open_other(&words) == EPROTO, "a header of another version is refused");
	check(strstr(words, "0.0-other") != NULL && strstr(words, "0.1") != NULL, "and both versions are named");
	printf("# %llu events, %llu changes of ids: %s\n", events, changes, words);
	return failures != 0;
}
