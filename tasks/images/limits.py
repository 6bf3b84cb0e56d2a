"""The limits of what one image may cost, from its first byte to its place in a dataset. Pure.

Bytes are counted as they are fetched or read. Pixels and sides are looked at before a pixel is
touched. Time and memory are those of the decoder's process (see ``decoding``), which ends where
they are used up. All that follows works on pixels, in time that grows with their number alone.
"""

MAX_BYTES = 30_000_000  # of a file, and of what a packed one unpacks to
MAX_PIXELS = 50_000_000  # what today's phones take; larger ones are drawings, or made to harm
SMALL_PIXELS = 2_000_000  # what an image has that needs no room to be made for it
ROOM_PIXELS = 50_000_000  # of all larger images that a process works on; about 10 bytes for each
MAX_SIDE = 65_500  # px, the longest that a JPEG may have (libjpeg's JPEG_MAX_DIMENSION)
MAX_PROFILE_BYTES = 4_000_000  # of a colour profile; printers' have up to two million
MAX_SCANNED_PIXELS = 4_000_000_000  # of a progressive JPEG: its scans times its pixels
DECODE_CPU_S = 10  # of computing; 50 megapixels take about 2
DECODE_WALL_S = 60.0  # for the same, on a machine that is busy with other things
DECODE_BYTES = 1_000_000_000  # of memory, beside the pixels that are handed over
