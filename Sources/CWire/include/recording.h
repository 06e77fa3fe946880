/*
 * The file format of `quark-mon --record`. It keeps the records of a backend as they came from its ring, so that they
 * can be played again. All numbers are in the byte order of the machine that wrote them.
 *
 * A file is a recording_header, then frames. A frame is a recording_frame, `size` bytes of content, and zeros up to a
 * multiple of 8. A RECORDING_MARK comes before records that were read together and says when they were read. A
 * RECORDING_END is the last frame of a recording that was closed. A file without it was cut short, and is good up to
 * its last whole frame. Anything else that does not fit this description is damage, and reading ends there.
 *
 * Readers also accept version 1. Its marks and ends have no lost_by_family, and its records are different: the time,
 * size, type, nfields, pid, tid and cpu of a header are followed by id_change (4 bytes) and a wire_task, whatever the
 * type.
 */
#ifndef QUARK_RECORDING_H
#define QUARK_RECORDING_H

#include "wire.h"

#define RECORDING_MAGIC "QUARKREC"	/* without its NUL */

enum recording_constants {
	RECORDING_BYTE_ORDER = 0x01020304,	/* reads as 0x04030201 on a machine of the other byte order */
	RECORDING_VERSION = 2,
	RECORDING_RECORD_MAX = 4 * 1024 * 1024,	/* bytes of one record: no ring of this library holds more */
};

struct recording_header {
	wire_u8 magic[8];
	wire_u32 byte_order;
	wire_u16 version;
	wire_u16 header_size;	/* offset of the first frame; a multiple of 8 */
	wire_u16 machine;	/* e_machine of elf(5): 62 x86-64, 183 arm64 */
	wire_u16 record_size;	/* of struct wire_record; 160 in version 1 */
	wire_u32 reserved;	/* 0 */
	wire_u64 start_boot_ns;	/* when the recording began, since boot, suspend included */
	wire_u64 wall_offset_ns;	/* a time since boot plus this is a time since the epoch, at that moment */
	char release[72];	/* of the kernel, uname(2), NUL-padded */
	wire_u64 boot_salt;	/* for entity ids; a header of 112 bytes lacks it, which means 0 */
};

/* recording_frame.kind */
enum recording_kind {
	RECORDING_MARK = 1,	/* recording_mark */
	RECORDING_RECORD = 2,	/* bytes from the ring; a wire_record unless the ring was damaged */
	RECORDING_END = 3,	/* recording_end */
};

struct recording_frame {
	wire_u32 kind;
	wire_u32 size;		/* of the content, without the padding */
};

/* A file may have fewer or more families than these: the size of the frame tells how many. */
struct recording_mark {
	wire_u64 now_boot_ns;	/* since boot, suspend included */
	wire_u64 lost;		/* records the backend had lost until then */
	wire_u64 lost_by_family[WIRE_FAMILY_COUNT];	/* `lost`, as far as the family is known */
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
