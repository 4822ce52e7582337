"""How fast this machine multiplies matrices: the limit that embedding is held against.

    python -m evals.peak LIBRARY PRECISION

prints operations per processor-second. A process each: OpenVINO's threads and torch's stay apart.
"""

import sys
import time
from collections.abc import Callable

from ingest.compiled import cores, load_openvino

# Rows, columns: what fits the caches; the network's own matrices are among them.
SHAPES = ((384, 1536), (1024, 1024), (1536, 1536), (2048, 2048))
ROWS = 1024
CHAIN = 8  # multiplications between input and output, which cost a copy
SECONDS = 1.0  # a shape


def main() -> None:
    """Print the best rate of all shapes."""
    library, precision = sys.argv[1:]
    prepare = {"openvino": _openvino, "torch": _torch}[library]
    print(max(_rate(prepare(precision, *shape), *shape) for shape in SHAPES))


def _rate(multiply: Callable[[], None], inner: int, outer: int) -> float:
    multiply()
    turns = 0
    begin, processor = time.perf_counter(), time.process_time()
    while time.perf_counter() - begin < SECONDS:
        multiply()
        turns += 1
    operations = 2.0 * ROWS * inner * outer * CHAIN * turns * cores()
    return operations / (time.process_time() - processor)


def _openvino(precision: str, inner: int, outer: int) -> Callable[[], None]:
    """Each core multiplies matrices of its own, as when embedding."""
    import numpy as np

    openvino = load_openvino()
    ops = openvino.opset13
    graph = rows = ops.parameter([ROWS, inner], np.float32)
    random = np.random.default_rng(0)
    for turn in range(CHAIN):
        shape = (inner, outer) if turn % 2 == 0 else (outer, inner)
        graph = ops.matmul(graph, random.normal(0, 0.02, shape).astype(np.float32), False, False)
    compiled = openvino.Core().compile_model(
        openvino.Model([graph], [rows]),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": precision,
            "NUM_STREAMS": cores(),
            "INFERENCE_NUM_THREADS": cores(),
        },
    )
    given = random.normal(size=(ROWS, inner)).astype(np.float32)
    requests = [compiled.create_infer_request() for _ in range(cores())]

    def multiply() -> None:
        for request in requests:
            request.start_async([given], share_inputs=True)
        for request in requests:
            request.wait()

    return multiply


def _torch(precision: str, inner: int, outer: int) -> Callable[[], None]:
    import torch

    kind = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    torch.set_num_threads(cores())
    given = torch.randn(ROWS * cores(), inner).to(kind)
    shapes = ((inner, outer) if turn % 2 == 0 else (outer, inner) for turn in range(CHAIN))
    matrices = [(torch.randn(shape) * 0.02).to(kind) for shape in shapes]

    def multiply() -> None:
        rows = given
        for matrix in matrices:
            rows = rows @ matrix

    return multiply


if __name__ == "__main__":
    main()
