"""Arrays of other libraries as hloc.Arrays: `from_dlpack`; and all that is in containers: `device_put`."""

from __future__ import annotations

from typing import Any

import numpy as np

from hloc.runtime import xla
from hloc.runtime.array import Array, array
from hloc.runtime.buffers import buffers
from hloc.runtime.devices import DeviceLike, backend_of

_HOST = (1, 3)
"""DLPack's device types of host memory: kDLCPU, kDLCUDAHost."""
_CUDA = 2


def from_dlpack(x: Any, /, *, device: DeviceLike = None, copy: bool | None = None) -> Array:
    """An hloc.Array in the memory of an array of another library, which knows `__dlpack__`: nothing is copied.

    The two share memory: do not change `x` while the Array is in use. hloc never changes `x`: a function that writes to
    the Array gives it memory of its own. Copied is what XLA cannot read in place: strided arrays, those in host memory
    whose address is not a multiple of 64, those of another device than `device`, and those of CUDA devices.

    device: by default the one that `x` is on.   copy: True always copies; False raises where nothing can be shared.
    Raises: ValueError where copy=False cannot be had; TypeError for element types that hloc does not have; BufferError
        and RuntimeError of the other library, as for torch tensors that require gradients.
    """
    if isinstance(x, Array):
        moved = x if device is None else x.to(device)
        if moved is not x and copy is False:
            raise ValueError(f"the array is on {x.device}; on {moved.device} it is a copy")
        return moved.__copy__() if copy and moved is x else moved
    kind, number = map(int, x.__dlpack_device__())
    if kind in _HOST:
        return array(np.from_dlpack(x), copy=copy, device="cpu" if device is None else device)
    if kind != _CUDA:
        raise BufferError(f"hloc takes arrays of host memory and of CUDA by DLPack, found device type {kind}")
    if copy is False:
        raise ValueError("hloc copies arrays of CUDA devices, on the device")
    made = _from_cuda(x, number)
    return made if device is None else made.to(device)


def _from_cuda(x: Any, number: int) -> Array:
    """A copy on the device, as a program may write to what is donated to it."""
    backend = xla.backend("cuda", number)
    dtype = np.dtype(str(x.dtype).rpartition(".")[2])  # of "torch.float32", too
    return Array(buffers(backend).adopt(xla.from_dlpack(x, backend), tuple(x.shape), dtype))


def device_put(x: Any, device: DeviceLike = None) -> Any:
    """`x` with all numbers and arrays as hloc.Arrays on a device; tuples, lists and dicts are made anew, None stays.

    Taken are NumPy arrays and numbers, which are copied, Arrays, which stay what they are if they are there already,
    and arrays of jax, torch and other libraries. An array that occurs twice is one Array.

    device: "cuda", "cuda:1" or hloc.Device; by default the default device.
    Raises: TypeError for what is not data; DeviceError where there is no such device.
    """
    return _put(x, backend_of(device), {})


def _put(x: Any, backend: xla.Backend, done: dict[int, Any]) -> Any:
    if x is None:
        return None
    if id(x) not in done:
        done[id(x)] = x, _made(x, backend, done)
    return done[id(x)][1]


def _made(x: Any, backend: xla.Backend, done: dict[int, Any]) -> Any:
    if isinstance(x, Array):
        target = buffers(backend)
        return x if x._raw.aval.owner is target else Array(target.bring(x._raw))
    if isinstance(x, tuple):
        items = [_put(item, backend, done) for item in x]
        make: Any = getattr(x, "_make", tuple)
        return make(items)
    if isinstance(x, list):
        return [_put(item, backend, done) for item in x]
    if isinstance(x, dict):
        return {key: _put(item, backend, done) for key, item in x.items()}
    if hasattr(x, "__array__"):
        return array(x, device=backend)
    if hasattr(x, "__dlpack__"):
        return array(np.from_dlpack(x), device=backend)
    if isinstance(x, bool | int | float | complex):
        return array(x, device=backend)
    raise TypeError(f"hloc.device_put takes arrays and numbers, in tuples, lists and dicts; found {type(x).__name__}")
