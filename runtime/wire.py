"""A few lines of the protocol-buffer wire format: enough to append one map to a serialized message.

jaxlib has no binding for `DebugOptions.xla_backend_extra_options`, a map of strings, but it parses serialized
`CompileOptions`. In the wire format, concatenating two messages merges them, so the map can be appended as bytes:

    CompileOptionsProto.executable_build_options = 3
      ExecutableBuildOptionsProto.debug_options = 3
        DebugOptions.xla_backend_extra_options = 500: repeated entry { key = 1, value = 2 }

Source: protobuf.dev, "Encoding"; xla/xla.proto and xla/pjrt/proto/compile_options.proto.
"""

from __future__ import annotations

from collections.abc import Mapping

_BUILD_OPTIONS, _DEBUG_OPTIONS, _EXTRA_OPTIONS = 3, 3, 500
_KEY, _VALUE = 1, 2
_LENGTH_DELIMITED = 2


def varint(n: int) -> bytes:
    """Base-128 encoding of n >= 0, least significant group first; the high bit says that more follow."""
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    """One length-delimited field: a string or a sub-message."""
    return varint(number << 3 | _LENGTH_DELIMITED) + varint(len(payload)) + payload


def extra_options(options: Mapping[str, str]) -> bytes:
    """The bytes that, appended to a serialized CompileOptionsProto, add `options` to xla_backend_extra_options."""
    entries = b"".join(
        field(_EXTRA_OPTIONS, field(_KEY, key.encode()) + field(_VALUE, value.encode()))
        for key, value in sorted(options.items())
    )
    return field(_BUILD_OPTIONS, field(_DEBUG_OPTIONS, entries))
