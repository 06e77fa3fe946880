#include <zlib.h>

#include "show.h"

enum {
	ROOM = 64 << 10,	/* bytes of a page, at most */
	GZIP = 16 + MAX_WBITS,	/* for inflateInit2: a stream with a gzip header */
};

int cmanual_show_compressed(const unsigned char *compressed, size_t size)
{
	static unsigned char page[ROOM];
	z_stream stream = {
		.next_in = (unsigned char *)compressed, .avail_in = (uInt)size, .next_out = page, .avail_out = ROOM
	};
	int result;

	if (size == 0 || inflateInit2(&stream, GZIP) != Z_OK)
		return -1;
	result = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	return result == Z_STREAM_END ? cmanual_show(page, stream.total_out) : -1;
}
