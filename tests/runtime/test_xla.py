"""The door to jaxlib: versions, devices, build options, and life beside jax."""

import numpy as np
import pytest

from hloc.runtime import BuildOptions, DeviceError, JaxlibVersionError, XlaCompileError, backend, compile_stablehlo
from hloc.runtime import xla as door
from hloc.runtime.options import LLVM_OPTIONS
from hloc.runtime.wire import varint
from tests.runtime.programs import ADD_SINE, CHOLESKY, double, run_python


@pytest.mark.parametrize("version", ["0.9.2", "0.10.1", "0.13.0", "1.0.0", "2", "dev"])
def test_other_jaxlibs_are_refused_by_name(version: str) -> None:
    with pytest.raises(
        JaxlibVersionError, match=f"jaxlib {version} is installed.*tested with 0.10.2, 0.11.2, 0.12.0.1"
    ):
        door.check_version(version)


@pytest.mark.parametrize("version", ["0.10.2", "0.10.3.dev1", "0.11.0", "0.12.0.1", "0.12.1.dev20260101"])
def test_supported_jaxlibs(version: str) -> None:
    door.check_version(version)


def test_importing_the_package_loads_nothing() -> None:
    code = (
        "import sys, hloc.runtime; print([m for m in ('jaxlib', 'jax', 'numpy', 'platformdirs') if m in sys.modules])"
    )
    assert run_python(code.replace("'numpy', ", "")) == "[]"


def test_every_exported_name_resolves() -> None:
    import hloc.runtime as package

    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing


def test_the_cpu_is_there_once() -> None:
    device = backend()
    assert device is backend("cpu", 0)
    assert (device.platform, device.kind) == ("cpu", "cpu")


def test_platforms_are_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceError, match="unknown platform 'gpu'; hloc knows cpu, cuda, tpu and auto"):
        backend("gpu")
    with pytest.raises(DeviceError, match=r"platform cpu has 1 device\(s\) here; there is no number 3"):
        backend("cpu", 3)
    monkeypatch.setenv("HLOC_PLATFORM", "abacus")
    with pytest.raises(DeviceError, match="abacus"):
        backend()


def test_a_missing_plugin_names_its_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hloc.runtime.plugins._folders", lambda package: [])
    with pytest.raises(DeviceError, match=r"platform cuda needs its plugin.*pip install 'hloc\[cuda13\]' or"):
        backend("cuda")
    with pytest.raises(DeviceError, match=r"pip install 'hloc\[tpu\]'"):
        backend("tpu")


@pytest.mark.parametrize(
    ("n", "encoded"), [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (4002, "a21f")]
)
def test_varints(n: int, encoded: str) -> None:
    assert varint(n).hex() == encoded


def test_an_extra_option_has_its_effect() -> None:
    loop = """
    module @loop { func.func public @main(%n: tensor<i64>) -> tensor<i64> {
      %one = stablehlo.constant dense<1> : tensor<i64>
      %zero = stablehlo.constant dense<0> : tensor<i64>
      %r:2 = stablehlo.while(%i = %zero, %s = %one) : tensor<i64>, tensor<i64>
        cond { %c = stablehlo.compare LT, %i, %n : (tensor<i64>, tensor<i64>) -> tensor<i1>
               stablehlo.return %c : tensor<i1> }
        do { %j = stablehlo.add %i, %one : tensor<i64>
             %t = stablehlo.multiply %s, %j : tensor<i64>
             stablehlo.return %j, %t : tensor<i64>, tensor<i64> }
      return %r#1 : tensor<i64> } }
    """
    native = compile_stablehlo(loop, BuildOptions(extra={"xla_cpu_small_while_loop_byte_threshold": "1000000"}))
    thunks = compile_stablehlo(loop, BuildOptions(extra={"xla_cpu_small_while_loop_byte_threshold": "0"}))
    assert "xla_cpu_small_call" in native.optimized_hlo()
    assert "xla_cpu_small_call" not in thunks.optimized_hlo()
    for executable in (native, thunks):
        assert np.asarray(executable.execute([10])[0]) == 3628800


def test_every_llvm_option_is_known_to_this_jaxlib() -> None:
    values = dict.fromkeys(LLVM_OPTIONS, "10") | {"-enable-loop-versioning-licm": "true"}
    code = f"""
import numpy as np
from hloc.runtime import BuildOptions, compile_stablehlo
executable = compile_stablehlo({ADD_SINE!r}, BuildOptions(extra={values!r}, fallback=False))
print(len(executable.execute([np.ones(16), np.ones(16)])))
"""
    assert run_python(code) == "1"


def test_untested_llvm_options_are_refused() -> None:
    for name in ("-some-option", "some-option"):
        with pytest.raises(ValueError, match=name):
            BuildOptions(extra={name: "1"})


def test_llvm_options_are_left_out_on_a_jaxlib_they_were_not_tested_with(monkeypatch: pytest.MonkeyPatch) -> None:
    options = BuildOptions(extra={"-runtime-memory-check-threshold": "100", "xla_other": "1"})
    monkeypatch.setattr(door, "jaxlib_version", lambda: door.TESTED_JAXLIB[0])
    assert door.usable_extra(options) == dict(options.extra)
    monkeypatch.setattr(door, "jaxlib_version", lambda: "0.11.99")
    assert door.usable_extra(options) == {"xla_other": "1"}


def test_fallback_compiles_without_the_extra_options() -> None:
    refused = {"xla_cpu_small_while_loop_byte_threshold": "many"}
    with pytest.raises(XlaCompileError, match="xla_cpu_small_while_loop_byte_threshold"):
        compile_stablehlo(ADD_SINE, BuildOptions(extra=refused, fallback=False))
    assert len(compile_stablehlo(ADD_SINE, BuildOptions(extra=refused)).signature.inputs) == 2


def test_build_options_are_values() -> None:
    a = BuildOptions({"x": 1, "y": 2.0}, {"xla_k": "v"})
    b = BuildOptions({"y": 2.0, "x": 1}, {"xla_k": "v"})
    assert a == b
    assert a.key() == b.key()
    assert hash(a) == hash(b)
    assert a.key() != BuildOptions({"x": 1, "y": 2.0}, {"xla_k": "w"}).key()
    with pytest.raises(TypeError):
        a.overrides["x"] = 3  # type: ignore[index]


def test_a_forked_process_gets_an_error_and_keeps_its_results() -> None:
    code = f"""
import os, warnings
import numpy as np
from hloc.runtime import ForkError, compile_stablehlo
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later: about forking with threads
program = {double("400000xf64")!r}
before = os.fork()
if before:
    assert os.waitpid(before, 0)[1] == 0
executable = compile_stablehlo(program)  # in the first child, too, XLA starts afresh
(result,) = executable.execute([np.ones(400000)])
assert (np.asarray(result) == 2).all()
if not before:
    os._exit(0)
if os.fork() == 0:
    assert (np.asarray(result) == 2).all()
    for attempt in (lambda: executable.execute([np.ones(400000)]), lambda: compile_stablehlo(program)):
        try:
            attempt()
        except ForkError as error:
            print(str(error).partition(";")[0], flush=True)
    os._exit(0)
os.wait()
"""
    message = "this process was forked from one that had used hloc already, and XLA's threads do not survive that"
    assert run_python(code).splitlines() == [message] * 2


JAX_FIRST = "import jax, jax.numpy as jnp\nassert jax.jit(lambda x: x + 1)(1) == 2\njnp.linalg.cholesky(jnp.eye(2))\n"
OURS = f"""
import numpy as np
from hloc.runtime import compile_stablehlo
from hloc.runtime.array import Array, array
a = np.array([[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]])
(factor, _) = compile_stablehlo({CHOLESKY!r}).execute([a])
assert np.allclose(np.tril(np.asarray(Array(factor))), np.linalg.cholesky(a))
x = array(np.arange(16.0))
(y,) = compile_stablehlo({ADD_SINE!r}).execute([x, x])
assert np.allclose(Array(y), np.sin(2 * np.arange(16.0))), y
"""
BOTH = """
z = jnp.asarray(x)
assert z.dtype == jnp.float32 and z.sum() == 120  # jax's own default is untouched
assert (jnp.from_dlpack(array(np.ones(3, np.float32))) == 1).all()
(y,) = compile_stablehlo(F32).execute([jnp.ones(4)])
assert np.asarray(Array(y)).tolist() == [2.0] * 4
print("done")
"""


@pytest.mark.slow
@pytest.mark.parametrize("order", [(JAX_FIRST, OURS), (OURS, JAX_FIRST), (OURS, JAX_FIRST, OURS)])
def test_jax_may_be_in_the_same_process(order: tuple[str, ...]) -> None:
    pytest.importorskip("jax")
    code = "import warnings; warnings.simplefilter('ignore')\n"
    assert run_python(code + "\n".join(order) + f"\nF32 = {double('4xf32')!r}" + BOTH) == "done"
