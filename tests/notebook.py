"""The notebook of the documentation with its results: python -m tests.notebook.

Runs `compjax/docs/example.ipynb` from top to bottom in a folder that is thrown away, and writes it with what
its cells show, made small: of every sound the first seconds at a low bit rate, pictures in few colours.
What cells print is kept as it is.
"""

from __future__ import annotations

import os
import pathlib
import tempfile

from tests.helpers.notebook_results import small

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOK = ROOT / "compjax" / "docs" / "example.ipynb"


def executed(notebook, folder: str):
    """The notebook after all of its cells have run in a folder; raises what a cell raises."""
    import nbclient

    environment = os.environ | {"PYTHONPATH": str(ROOT), "IPYTHONDIR": folder, "XLA_FLAGS": ""}
    resources = {"metadata": {"path": folder}}
    client = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources)
    client.execute(env=environment)
    return notebook


def joined(outputs: list) -> list:
    """Outputs of a cell with what was printed piece by piece in one."""
    kept = []
    for output in outputs:
        before = kept[-1] if kept else {}
        if output.output_type == "stream" and output.get("name") == before.get("name"):
            before.text += output.text
        else:
            kept.append(output)
    return kept


def tidy(notebook):
    """The notebook with small results, and without what differs from run to run."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = small(output.data["text/html"])
    return notebook


def main() -> None:
    """Run the notebook and write it with its results."""
    import nbformat

    from compjax.files import atomic_path

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        tidy(executed(notebook, folder))
    notebook.metadata = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    with atomic_path(NOTEBOOK) as path:
        nbformat.write(notebook, path)
    print(f"{NOTEBOOK}: {NOTEBOOK.stat().st_size} bytes")


if __name__ == "__main__":
    main()
