/*
 * The file of `quark-mon --record`: the records of a backend as they came from its ring, so that they can be played
 * again. Everything is in the byte order of the machine that wrote it.
 *
 * A recording_header, then frames: each a recording_frame, `size` bytes of content, and zeros up to a multiple of 8.
 * A RECORDING_MARK comes before the records that were read together and says when that was; a RECORDING_END is the
 * last frame of a recording that was closed. One without it was cut short: it is good up to its last whole frame.
 * Anything else that does not fit this description is damage, and ends the reading where it is met.
 *
 * Version 1, which readers take too, has marks and ends without lost_by_family, and other records: behind the time,
 * size, type, nfields, pid, tid and cpu of a header come id_change (4 bytes) and a wire_task, in records of all types.
 */
#ifndef QUARK_RECORDING_H
#define QUARK_RECORDING_H

#include "wire.h"

#define RECORDING_MAGIC "QUARKREC"	/* without its NUL */

enum recording_constants {
	RECORDING_BYTE_ORDER = 0x01020304,	/* reads 0x04030201 on a machine of the other order */
	RECORDING_VERSION = 2,
	RECORDING_RECORD_MAX = 4 * 1024 * 1024,	/* bytes of one record: no ring of ours holds more */
};

struct recording_header {
	wire_u8 magic[8];
	wire_u32 byte_order;
	wire_u16 version;
	wire_u16 header_size;	/* where the first frame is; a multiple of 8 */
	wire_u16 machine;	/* e_machine of elf(5): 62 x86-64, 183 arm64 */
	wire_u16 record_size;	/* of struct wire_record; 160 in version 1 */
	wire_u32 reserved;	/* 0 */
	wire_u64 start_boot_ns;	/* when the recording began, since boot, suspend included */
	wire_u64 wall_offset_ns;	/* added to a time since boot at that moment: since the epoch */
	char release[72];	/* of the kernel, uname(2), NUL-padded */
	wire_u64 boot_salt;	/* of entity ids; not in a header of 112 bytes, and then 0 */
};

/* recording_frame.kind */
enum recording_kind {
	RECORDING_MARK = 1,	/* recording_mark */
	RECORDING_RECORD = 2,	/* bytes of the ring; a wire_record if all was well */
	RECORDING_END = 3,	/* recording_end */
};

struct recording_frame {
	wire_u32 kind;
	wire_u32 size;		/* of the content, without the padding */
};

/* There may be fewer or more families than these: the size of the frame tells. */
struct recording_mark {
	wire_u64 now_boot_ns;	/* since boot, suspend included */
	wire_u64 lost;		/* records the backend had lost until then */
	wire_u64 lost_by_family[WIRE_FAMILY_COUNT];	/* these, as far as they can be told apart */
};

struct recording_end {
	wire_u64 now_boot_ns;
	wire_u64 lost;
	wire_u64 records;	/* in the whole recording */
	wire_u64 lost_by_family[WIRE_FAMILY_COUNT];
};

_Static_assert(sizeof(struct recording_header) == 120, "recording_header has a hole");
_Static_assert(sizeof(struct recording_frame) == 8, "recording_frame has a hole");
_Static_assert(sizeof(struct recording_mark) == 16 + 8 * WIRE_FAMILY_COUNT, "recording_mark has a hole");
_Static_assert(sizeof(struct recording_end) == 24 + 8 * WIRE_FAMILY_COUNT, "recording_end has a hole");

#endif
