"""The commands of `hloc`. Each loads a file, asks the public API and prints."""

from __future__ import annotations

import inspect
import math
import sysconfig
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click
import numpy as np

import hloc.runtime
from hloc.artefact.file import SUFFIX
from hloc.cli.arguments import Arguments, annotated_types, read_types, read_values
from hloc.cli.cache import cache_group
from hloc.cli.doctor import doctor
from hloc.cli.made import Made, transforming
from hloc.cli.runs import print_run
from hloc.cli.stages import STAGES
from hloc.cli.target import known_targets, load_function, load_functions
from hloc.cli.texts import cache_lines, emitted_texts, explanation_lines, utilisation_lines
from hloc.diagnostics.errors import CompileError
from hloc.program import PASSES

if TYPE_CHECKING:
    from hloc.api import CompiledFunction

EMITTED = {
    "source": "source.py",
    "ssa": "ssa",
    "python": "py",
    "stablehlo": "stablehlo.mlir",
    "hlo": "hlo",
    "report": "report.txt",
}
TYPES_HELP = "Argument types, e.g. 'f64[1000,1000], i64'; i64, f64, b1 and c128 alone are Python numbers."


class Group(click.Group):
    """Commands whose errors are printed as a traceback ends: class, message, place; the exit code is 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            click.echo(error_text(error), err=True)
            ctx.exit(1)


def error_text(error: Exception) -> str:
    """The end of the error's traceback; where the user's own code raised it, the place too."""
    text = "".join(traceback.format_exception_only(error)).rstrip()
    place = None if isinstance(error, CompileError) else user_frame(error)
    return text if place is None else f"{text}\n  --> {place.filename}:{place.lineno}, in {place.name}"


def user_frame(error: Exception) -> traceback.FrameSummary | None:
    """The innermost frame outside of Python's library and installed packages, unless it is our own."""
    ours = tuple(str(Path(module.__file__ or "").parent) for module in (hloc, hloc.runtime))
    installed = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(ours):
            return None
        if not frame.filename.startswith((*installed, "<frozen")):
            return frame
    return None


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="hloc", prog_name="hloc", message="%(prog)s %(version)s")
def main() -> None:
    """hloc compiles plain Python/NumPy functions with XLA.

    FILE:FUNCTION names a function of a Python file; it need not be decorated.
    """


main.add_command(cache_group)
main.add_command(doctor)


@main.command("compile")
@click.argument("target", metavar="FILE[:FUNCTION]")
@click.option("--args", "types", help=TYPES_HELP + " Default: from annotations or hloc.compile(signature=…).")
@click.option(
    "--emit", multiple=True, type=click.Choice(tuple(EMITTED)), help="What to print; may be repeated. Default: report."
)
@click.option(
    "--after", type=click.Choice(PASSES), help="The pass after which to show the program, as ssa (default) or python."
)
@click.option(
    "--target",
    "devices",
    multiple=True,
    metavar="DEVICE",
    callback=known_targets,
    help="Compile for a device that need not be here: cuda:h200, tpu:v5e, cpu; may be repeated.",
)
@transforming
@click.option(
    "-o",
    "output",
    metavar="DIR|FILE.hloc",
    type=click.Path(path_type=Path),
    help="Write files there instead, or the compiled function as one file for hloc.load.",
)
def compile_command(
    target: str,
    types: str | None,
    emit: tuple[str, ...],
    after: str | None,
    devices: tuple[str, ...],
    made: Made,
    output: Path | None,
) -> None:
    """Compile a function, or every decorated function of FILE, and print or write its stages.

    With -o FILE.hloc the function itself is written, with executables for each --target (else for this machine).
    """
    if after is not None and not {"ssa", "python"}.issuperset(emit):
        raise click.UsageError("--after goes with --emit ssa and --emit python")
    if output is not None and output.suffix == SUFFIX:
        if emit or after is not None:
            raise click.UsageError(f"-o {output.name} writes the compiled function, which has no --emit and no --after")
        _save(target, types, devices, made, output)
        return
    folder = output
    if folder is not None and folder.is_file():
        raise click.UsageError(f"-o {folder} is a file; name a folder, or a file that ends in {SUFFIX}")
    stages = emit or (("ssa",) if after else ("report",) if folder is None else tuple(EMITTED))
    for function in load_functions(target):
        function = made.of(function)
        for device in devices or (None,):
            texts = emitted_texts(function, _types(function, types), stages, after, device)
            if folder is None:
                click.echo("\n\n".join(text.rstrip() for text in texts.values()))
                continue
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{function.__name__}.{device.replace(':', '-')}" if device else function.__name__
            for stage, text in texts.items():
                path = folder / f"{name}.{EMITTED[stage]}"
                path.write_text(text.rstrip() + "\n", encoding="utf-8")
                click.echo(str(path))


@main.command()
@click.argument("target", metavar="FILE:FUNCTION")
@click.option(
    "--args",
    "values",
    default="",
    help="Python expressions (np, math and the names of FILE are known) or .npy, .npz, .csv paths.",
)
@click.option(
    "--repeat", default=5, show_default=True, type=click.IntRange(min=0), help="Calls to time after the first."
)
@transforming
@click.option("--compare", is_flag=True, help="Run the function in CPython too, compare and time it.")
@click.option("--profile", metavar="DIR", help="Write a trace of all this there, for Perfetto and TensorBoard.")
def run(target: str, values: str, repeat: int, made: Made, compare: bool, profile: str | None) -> None:
    """Run a function and print its result and times."""
    function, module = load_function(target)
    if compare and made.transforms:
        raise click.UsageError("--compare runs the function in CPython, which has no --grad and no --vmap")
    function = made.of(function)
    arguments = read_values(values, _names(module))
    if profile is None:
        print_run(function, arguments, repeat, compare)
        return
    with hloc.profile(profile) as recorded:
        print_run(function, arguments, repeat, compare)
    click.echo(f"profile     {recorded.run}")


@main.command("inspect")
@click.argument("target", metavar="FILE:FUNCTION")
@click.option("--args", "types", help=TYPES_HELP)
@click.option(
    "--stages",
    default="source,ssa,stablehlo",
    show_default=True,
    help=f"Which of {', '.join(STAGES)}, from left to right.",
)
@transforming
@click.option("--width", type=click.IntRange(min=40), help="Columns to use. Default: those of the terminal.")
def inspect_command(target: str, types: str | None, stages: str, made: Made, width: int | None) -> None:
    """Show the stages of a function side by side, each line beside the source line it comes from."""
    from hloc.cli.side_by_side import print_stages  # rich is needed here only

    chosen = [stage.strip() for stage in stages.split(",")]
    unknown = [stage for stage in chosen if stage not in STAGES]
    if unknown:
        raise click.UsageError(f"--stages: {', '.join(unknown)} is none of {', '.join(STAGES)}")
    function = made.of(load_function(target)[0])
    print_stages(function, _types(function, types), chosen, width)


@main.command()
@click.argument("target", metavar="FILE:FUNCTION")
@click.option("--args", "types", help=TYPES_HELP)
@transforming
@click.option("--measure", "values", help="Run it with these arguments, and say how many lanes of --vmap are active.")
def explain(target: str, types: str | None, made: Made, values: str | None) -> None:
    """Say what became static, which loops were repeated, which checks remain, what a gradient saves, how lanes run, and
    why."""
    function, module = load_function(target)
    function = made.of(function)
    if values is None:
        arguments = _types(function, types)
    else:
        arguments = read_values(values, _names(module))
    explanation = function.explain(*arguments.positional, **arguments.keywords)
    lines = [*explanation_lines(explanation), *cache_lines(explanation)]
    if values is not None:
        lines += utilisation_lines(function.utilisation(*arguments.positional, **arguments.keywords))
    click.echo("\n".join(lines))


def _save(target: str, types: str | None, devices: tuple[str, ...], made: Made, path: Path) -> None:
    """Write a function as an artefact."""
    functions = load_functions(target)
    if len(functions) > 1:
        names = ", ".join(function.__name__ for function in functions)
        raise click.UsageError(f"{path.name} takes one function; name one of {names}: {target}:{functions[0].__name__}")
    function = made.of(functions[0])
    arguments = _types(function, types)
    function.lower(*arguments.positional, **arguments.keywords).save(path, targets=devices)
    click.echo(str(path))


def _names(module: ModuleType) -> dict[str, Any]:
    """What expressions on the command line know."""
    return {"np": np, "numpy": np, "math": math} | vars(module)


def _types(function: CompiledFunction, types: str | None) -> Arguments:
    """The abstract arguments from the command line, else from the function itself."""
    if types is not None:
        return read_types(types)
    if function.signature is not None:
        return read_types(function.signature)
    return annotated_types(inspect.unwrap(function))
