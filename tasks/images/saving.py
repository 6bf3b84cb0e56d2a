"""The bytes that came → the JPEG file that a dataset keeps of them. Pure."""

from io import BytesIO

from tasks.images.decoding import opened, upright_rgb
from tasks.images.jpeg import JpegError, strip_metadata

JPEG_QUALITY = 95
_ORIENTATION = 0x0112  # the EXIF tag; 1 is upright


def saved_bytes(data: bytes) -> bytes:
    """Return the JPEG file that is saved for the bytes that came.

    An upright JPEG keeps its pixels bit for bit; anything else becomes an upright RGB JPEG. Of the
    metadata only the colour profile stays. What was saved once stays as it is. Raises
    ``ImageError``.
    """
    with opened(data) as image:
        is_upright = image.getexif().get(_ORIENTATION, 1) == 1
        if image.format in ("JPEG", "MPO") and is_upright:
            try:
                return strip_metadata(data)
            except JpegError:  # decodes, but is not well-formed: encoded anew below
                pass
        profile = image.info.get("icc_profile") or b""
        upright = upright_rgb(image)
        upright.info.clear()  # Pillow would write the original's comment again
        out = BytesIO()
        upright.save(
            out,
            "JPEG",
            quality=JPEG_QUALITY,
            # A profile of grey or CMYK does not describe the RGB pixels saved here.
            icc_profile=profile if profile[16:20] == b"RGB " else None,
        )
        return out.getvalue()
